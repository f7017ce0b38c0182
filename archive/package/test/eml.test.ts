import { execFileSync, spawnSync } from "node:child_process";
import { hash } from "node:crypto";
import type { ArchiveRecord } from "@daybook/archive-core";
import type { Event } from "@daybook/contract";
import { codePoint } from "@daybook/contract/testing";
import fc from "fast-check";
import { eml, hasEml } from "../src/eml.ts";
import type { PackageAttachment } from "../src/index.ts";
import {
  decoded,
  decodedWords,
  parsePart,
  partsOf,
  sampleAttachment,
  sampleEvent,
} from "../testing/index.ts";
import { bytesOf } from "./scratch.ts";

const ID = "0123456789abcdef0123456789abcdef";

async function written(event: Partial<Event>, attachments: readonly PackageAttachment[] = []) {
  const record: ArchiveRecord = { ...sampleEvent(event), id: ID, salt: "0".repeat(64) };
  return bytesOf(eml(record, { shard: "0", index: 7, digest: "d".repeat(64), attachments }));
}

describe("an EML", () => {
  it("says who wrote what to whom and when, and which record it was made from", async () => {
    const recipients = [
      { id: "r1", name: "Zoë 🎈" },
      { id: "bob@example.org", name: "Bob" },
    ];
    const { headers, content } = parsePart(
      await written({
        text: "one\ntwo",
        recipients,
        networkId: "n1",
        replyTo: "n0",
        localTime: "2026-03-04T16:04:05",
      }),
    );
    const header = (name: string) => decodedWords(headers.get(name) ?? "");

    expect(header("from")).toBe('"Charles Babbage" <%2B447700900002@signal.invalid>');
    expect(header("to")).toBe('Zoë 🎈 <r1@signal.invalid>, "Bob" <bob@example.org>');
    expect(header("subject")).toBe("Press office");
    expect(header("date")).toBe("Wed, 04 Mar 2026 15:04:05 +0000");
    expect(header("message-id")).toBe(`<${ID}@daybook.invalid>`);
    expect(header("x-daybook-record")).toBe(ID);
    expect(header("x-daybook-record-sha256")).toBe("d".repeat(64));
    expect(header("x-daybook-log-index")).toBe("0 7");
    expect(header("x-daybook-provenance")).toBe("captured");
    expect(header("x-daybook-custodian")).toBe("Ada Byron <c1>");
    expect(header("x-daybook-network-id")).toBe("n1");
    expect(header("x-daybook-reply-to-id")).toBe("n0");
    expect(content.toString()).toBe("one\r\ntwo\r\n");
  });

  it("says -0000 of a time whose zone the source does not name, and invents none", async () => {
    const { sentAt: _, ...local } = sampleEvent({ localTime: "2026-03-04T15:04:05" });
    const record: ArchiveRecord = { ...local, id: ID, salt: "" };
    const { headers } = parsePart(
      await bytesOf(eml(record, { shard: "0", index: 0, digest: "", attachments: [] })),
    );

    expect(headers.get("date")).toBe("Wed, 04 Mar 2026 15:04:05 -0000");
    expect(headers.get("x-daybook-local-time")).toBe("2026-03-04T15:04:05");
  });

  it("keeps any text whole", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string({ unit: "grapheme" }),
          fc.string({ unit: codePoint }),
          fc.constant("x".repeat(2_000)),
        ),
        async (text) => {
          const part = parsePart(await written({ text: text.toWellFormed() }));
          const lines = (of: string) => of.split(/\r\n|\r|\n/);
          const read = decoded(part).toString().replace(/\r\n$/, "");
          const expected = lines(text.toWellFormed()).join("\r\n");
          expect(read === expected || `${read}\r\n` === expected).toBe(true);
        },
      ),
    );
  });

  it("holds the attachments, by their names, and only those bytes that the record cites", async () => {
    const photo = sampleAttachment(Buffer.alloc(5_000, "photo"), "Bild “eins”.jpg", "image/jpeg");
    const mail = sampleAttachment("From: x\r\n\r\n", "x.eml", "message/rfc822");
    const odd = sampleAttachment("odd", "odd", 'text/plain"; x="\r\nBcc: y');
    const whole = await written({ text: "see" }, [photo.file, mail.file, odd.file]);
    const [text, ...files] = partsOf(parsePart(whole));

    expect(decoded(text!).toString()).toBe("see\r\n");
    expect(files.map((part) => part.headers.get("content-type"))).toEqual([
      "image/jpeg",
      "application/octet-stream",
      "application/octet-stream",
    ]);
    expect(files.map((part) => hash("sha256", decoded(part)))).toEqual(
      [photo, mail, odd].map(({ ref }) => ref.sha256),
    );
    await expect(written({}, [{ ...photo.file, sizeBytes: 4_999 }])).rejects.toMatchObject({
      code: "attachment-altered",
    });
  });

  it("leaves out what is too large for a mail and says where it is", async () => {
    const film = { ...sampleAttachment("film", "film.mp4", "video/mp4").file, sizeBytes: 65 * 1024 * 1024 };

    expect((await written({ text: "see" }, [film])).toString()).toContain(
      `data/attachments/${film.sha256}.mp4]`,
    );
  });

  it("is there for what a person wrote", () => {
    const kinds = ["message", "edit", "delete", "reaction", "receipt", "gap", "audit"] as const;
    expect(kinds.filter((kind) => hasEml({ kind } as ArchiveRecord))).toEqual(["message", "edit"]);
  });

  const withPython = spawnSync("python3", ["--version"]).status === 0 ? it : it.skip;
  if (withPython === it.skip)
    console.warn("SKIPPED: python3 is not installed, so no other parser read our EML");
  withPython("reads the same to Python's email package", async () => {
    const photo = sampleAttachment(
      "photo",
      "Bild “eins” – eine lange Geschichte mit Umlauten äöü.jpg",
      "image/jpeg",
    );
    const bytes = await written(
      { text: "Grüße\n.\nFrom here", sender: { id: "z", name: 'Zoë, 🎈 "Q" \r\nBcc: x' } },
      [photo.file],
    );
    const script = `import sys, json, email, email.policy
m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
a = list(m.iter_attachments())
f = m["from"].addresses[0]
print(json.dumps({"from": f.display_name, "addr": f.addr_spec, "date": m["date"], "text": m.get_body().get_content(), "names": [x.get_filename() for x in a], "content": [x.get_content().decode() for x in a], "bcc": m["bcc"], "defects": len(m.defects)}))`;

    expect(JSON.parse(execFileSync("python3", ["-c", script], { input: bytes }).toString())).toEqual({
      from: expect.stringMatching(/^Zoë, 🎈 "Q" \s*Bcc: x$/) as string,
      addr: "z@signal.invalid",
      date: "Wed, 04 Mar 2026 15:04:05 +0000",
      text: "Grüße\r\n.\r\nFrom here",
      names: [photo.ref.name],
      content: ["photo"],
      bcc: null,
      defects: 0,
    });
  });
});
