import fc from "fast-check";
import { claimedInline, inlineType, MAGIC_BYTES } from "../../src/attachments/inline-type.ts";
import { partOf } from "../../src/attachments/serve.ts";

const png = Buffer.from("89504e470d0a1a0a0000000d", "hex");
const ogg = Buffer.from("OggS\0\x02\0\0\0\0\0\0", "latin1");

describe("what a browser may be shown", () => {
  it.each([
    ["image/png", png, "image/png"],
    ["IMAGE/PNG; charset=x", png, "image/png"],
    ["image/jpg", Buffer.from("ffd8ffe000104a464946", "hex"), "image/jpeg"],
    ["image/gif", Buffer.from("GIF89a......"), "image/gif"],
    ["image/webp", Buffer.from("RIFF\0\0\0\0WEBP"), "image/webp"],
    ["audio/ogg; codecs=opus", ogg, "audio/ogg"],
    ["audio/mpeg", Buffer.from("ID3\x04"), "audio/mpeg"],
    ["audio/mpeg", Buffer.from("fffb9064", "hex"), "audio/mpeg"],
    ["audio/mp4", Buffer.from("\0\0\0\x1cftypM4A "), "audio/mp4"],
    ["audio/x-wav", Buffer.from("RIFF\0\0\0\0WAVE"), "audio/wav"],
  ])("is %s that begins so", (claim, bytes, type) => {
    expect(inlineType(claim, bytes)).toBe(type);
  });

  it.each([
    ["image/png", Buffer.from("<svg onload=alert(1)>")],
    ["image/svg+xml", Buffer.from("<svg onload=alert(1)>")],
    ["image/svg+xml", png],
    ["text/html", png],
    ["text/html", Buffer.from("<script>")],
    ["application/pdf", Buffer.from("%PDF-1.7")],
    ["image/jpeg", png],
    ["audio/ogg", png],
    ["image/png", Buffer.alloc(0)],
    ["image/png\r\nX: y", png],
    ["", png],
  ])("is not %j that begins otherwise, or may carry more than a picture", (claim, bytes) => {
    expect(inlineType(claim, bytes)).toBeUndefined();
  });

  it("is never anything but a picture or a sound, whatever it claims and is", () => {
    fc.assert(
      fc.property(fc.string(), fc.uint8Array({ maxLength: MAGIC_BYTES }), (claim, bytes) => {
        const type = inlineType(claim, Buffer.from(bytes));
        expect(
          type === undefined || /^(image\/(png|jpeg|gif|webp)|audio\/(mpeg|ogg|mp4|wav))$/.test(type),
        ).toBe(true);
        if (type !== undefined) expect(claimedInline(claim)).toBe(type.split("/")[0]);
      }),
    );
  });
});

describe("the part that a Range asks for", () => {
  it.each([
    ["bytes=0-1", { first: 0, last: 1 }],
    ["bytes=5-", { first: 5, last: 9 }],
    ["bytes=-3", { first: 7, last: 9 }],
    ["bytes=-30", { first: 0, last: 9 }],
    ["bytes=8-99", { first: 8, last: 9 }],
  ])("%s is of ten bytes", (header, part) => {
    expect(partOf(header, 10)).toEqual(part);
  });

  it.each([
    undefined,
    "",
    "bytes=",
    "bytes=-",
    "bytes=10-",
    "bytes=5-4",
    "bytes=0-1,3-4",
    "items=0-1",
    "bytes=a-b",
    "bytes=-0",
  ])("%s is all of it", (header) => {
    expect(partOf(header, 10)).toBeUndefined();
  });
});
