import { hash } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { codePoint } from "@daybook/contract/testing";
import fc from "fast-check";
import {
  address,
  base64Lines,
  base64Stream,
  date,
  fileNameParameter,
  isAddress,
  textField,
} from "../src/header.ts";
import { decodedWords, parsePart } from "../testing/index.ts";

const anyText = fc.oneof(
  fc.string({ unit: codePoint }),
  fc.string({ unit: "grapheme", maxLength: 400 }),
  fc.string(),
);

describe("a header field", () => {
  it("holds any text, in lines that are short enough, and adds no other field", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const field = textField("Subject", text);
        const { headers } = parsePart(Buffer.from(`${field}\r\n`));
        expect([...headers.keys()]).toEqual(["subject"]);
        expect(decodedWords(headers.get("subject")!)).toBe(text.toWellFormed());
        for (const line of field.split("\r\n")) expect(line.length).toBeLessThan(998);
        if (field.includes("=?"))
          for (const line of field.split("\r\n").slice(1)) expect(line.length).toBeLessThan(77);
      }),
    );
  });

  it.each(["a\r\nBcc: x", "a\nb", "a\r\n\r\nbody", "=?utf-8?B?eA==?=", " a", "a "])(
    "cannot be broken out of by %j",
    (text) => {
      const { headers, content } = parsePart(Buffer.from(`${textField("Subject", text)}\r\n`));

      expect([...headers.keys()]).toEqual(["subject"]);
      expect(content).toHaveLength(0);
      expect(decodedWords(headers.get("subject")!)).toBe(text);
    },
  );
});

describe("an address", () => {
  it.each([
    [{ id: "+447700900001", name: "Ada Byron" }, '"Ada Byron" <%2B447700900001@signal.invalid>'],
    [{ id: "ada@example.org", name: "" }, "<ada@example.org>"],
    [{ id: "x", name: 'A "B" \\ C' }, '"A \\"B\\" \\\\ C" <x@signal.invalid>'],
    [{ id: ".a..b.", name: "Zoë" }, "=?utf-8?B?Wm/Dqw==?= <%2Ea%2E.b%2E@signal.invalid>"],
  ])("of %j is %s", (party, expected) => {
    expect(address(party, "signal")).toBe(expected);
  });

  it("is an address and no more, whoever it is of", () => {
    fc.assert(
      fc.property(fc.string({ unit: codePoint, minLength: 1 }), anyText, (id, name) => {
        const written = address({ id, name }, "whatsapp").replaceAll("\r\n ", " ");
        const [, display, spec] = /^(?:(.*) )?<([^<>]+)>$/s.exec(written) ?? [];
        expect(isAddress(spec!)).toBe(true);
        expect(written).not.toMatch(/[\r\n]/);
        if (name !== "") expect(display).toBeDefined();
      }),
    );
  });

  it("has the digest of an id that is too long", () => {
    const id = "é".repeat(500);
    expect(address({ id, name: "" }, "sms")).toBe(`<${hash("sha256", id)}@sms.invalid>`);
  });
});

describe("a date", () => {
  it.each([
    ["2026-03-04T15:04:05.999Z", "+0000", "Wed, 04 Mar 2026 15:04:05 +0000"],
    ["2024-02-29T00:00:00.000Z", "-0000", "Thu, 29 Feb 2024 00:00:00 -0000"],
    ["1999-12-31T23:59:59.000Z", "-0000", "Fri, 31 Dec 1999 23:59:59 -0000"],
  ] as const)("of %s in the zone %s is %s", (at, zone, expected) => {
    expect(date(new Date(at), zone)).toBe(expected);
  });
});

describe("a file name", () => {
  it("is kept whole by RFC 2231, whatever it is", () => {
    fc.assert(
      fc.property(anyText, (name) => {
        const parameter = fileNameParameter(name);
        for (const line of parameter.split("\r\n")) expect(line.length).toBeLessThan(78);
        const plain = /^;\r\n filename="([^"\r\n]*)"$/.exec(parameter)?.[1];
        const pieces = [...parameter.matchAll(/;\r\n filename\*\d+\*=([A-Za-z0-9._%'-]*)/g)].map(
          (match) => match[1]!,
        );
        const encoded = pieces.join("").replace(/^utf-8''/, "");
        expect(plain ?? decodeURIComponent(encoded)).toBe(name.toWellFormed());
      }),
    );
  });
});

describe("base64", () => {
  it("is the same in pieces as at once, in lines of 76", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 200 })), async (chunks) => {
        const whole = Buffer.concat(chunks);
        const streamed = (await buffer(Readable.from(base64Stream(Readable.from(chunks))))).toString();
        expect(streamed).toBe(base64Lines(whole));
        expect(Buffer.compare(Buffer.from(streamed, "base64"), whole)).toBe(0);
        for (const line of streamed.split("\r\n").slice(0, -2)) expect(line).toHaveLength(76);
      }),
    );
  });
});
