import { came, FERGUS, found, key, message, read } from "../fixtures/observations.ts";

const file = { directPath: "/v/t62.7118-24/1", mediaKey: "a2V5", filehash: "Bwc=", body: "/9j/4AAQSkZJRg==" };

describe("ids", () => {
  it("are the same whether a message came or was found, whatever became of its state", () => {
    const [first] = read(came(message({ body: "Hello" })));
    const [again] = read(
      found(
        message({
          body: "Hello",
          ack: 3,
          star: true,
          isNewMsg: false,
          mediaData: { stage: 1 },
          subtype: "url",
        }),
      ),
    );
    expect(again).toMatchObject({ eventId: first?.eventId, stableDigest: first?.stableDigest });
    expect(first?.eventId).toBe(`message:false_${FERGUS}_3EB0A1`);
    expect(again?.event.receivedAt).toBeUndefined();
  });

  it("do not hang on thumbnails, nor on addresses that expire", () => {
    const [first] = read(came(message({ type: "image", ...file })));
    const [again] = read(came(message({ type: "image", ...file, body: "other", directPath: "/v/2" })));
    expect(again?.stableDigest).toBe(first?.stableDigest);
  });

  it("do not hang on when the account's own message was taken by the server", () => {
    const id = key("3EB0B1", FERGUS, { fromMe: true });
    const [first] = read(came(message({ id, body: "Hello" })));
    const [again] = read(came(message({ id, body: "Hello", t: 1 })));
    expect(again?.stableDigest).toBe(first?.stableDigest);
  });

  it("are another record's for other content under the same id", () => {
    const [first] = read(came(message({ body: "Hello" })));
    const [other] = read(came(message({ body: "Goodbye" })));
    expect(other?.eventId).toBe(first?.eventId);
    expect(other?.stableDigest).not.toBe(first?.stableDigest);
  });
});
