import { importing } from "./support/importing.ts";
import { SCOPE_KEY } from "./support/capture.ts";
import { scopeHash } from "../src/scope.ts";

const at = importing();

const mail = (id: string, subject: string, body: string, more: readonly string[] = []) =>
  [
    "From: Ann Lee <Ann@Example.gov.uk>",
    "To: Bo <bo@example.org>",
    `Subject: ${subject}`,
    `Message-ID: <${id}@example.gov.uk>`,
    "Date: Mon, 13 May 2024 10:01:00 +0100",
    ...more,
    "",
    body,
    "",
  ].join("\n");
const inBox = (...mails: string[]) =>
  mails.map((one) => `From ann@example.gov.uk Mon May 13 10:01:00 2024\n${one}\n`).join("");

const REPLY = mail("2", "Re: Ferry", "It leaves at ten", ["In-Reply-To: <1@example.gov.uk>"]);
const BOX = inBox(mail("1", "Ferry", "The ferry leaves at nine"), REPLY);

describe("an import of mail", () => {
  it("records each message of an mbox file once, in its conversation, and the file itself", async () => {
    const { files, records } = await at.imported(BOX, { name: "sent.mbox" });

    expect(files).toMatchObject([
      {
        file: "sent.mbox",
        network: "email",
        messages: 2,
        duplicates: 0,
        authors: ["Ann Lee"],
        first: "2024-05-13T09:01:00",
        order: null,
      },
    ]);
    expect(records).toBe(3);
    expect(at.texts()).toEqual(["Ferry\n\nThe ferry leaves at nine", "Re: Ferry\n\nIt leaves at ten"]);
    expect([...at.conversations()]).toEqual(["1@example.gov.uk"]);
    expect(at.records()[0]!.event).toMatchObject({
      network: "email",
      method: "export",
      provenance: "supplied",
      sender: { id: "ann@example.gov.uk", name: "Ann Lee" },
      sentAt: "2024-05-13T09:01:00.000Z",
      source: { line: 1, offsetBytes: 0 },
    });
    const [notice] = at.records("notice");
    expect((await at.opened(notice!)).toString()).toBe(BOX);
    expect(at.rig.reachedArchive).toEqual([[0, 3]]);
  });

  it("records nothing twice, not of the same file and not of a message that comes by itself", async () => {
    await at.imported(BOX, { name: "sent.mbox" });
    const again = await at.imported(BOX, { name: "sent.mbox" });
    const alone = await at.imported(REPLY.replaceAll("\n", "\r\n"), { name: "reply.eml" });

    expect(again).toMatchObject({ records: 0, files: [{ messages: 0, duplicates: 2 }] });
    expect(alone).toMatchObject({ records: 1, files: [{ messages: 0, duplicates: 1 }] });
    expect(at.records()).toHaveLength(2);
  });

  it("makes the same records when what was imported is forgotten", async () => {
    await at.imported(BOX, { name: "sent.mbox" });
    const before = at.records();
    await at.loseSchema();
    const again = await at.imported(BOX, { name: "sent.mbox" });

    expect(again.files).toMatchObject([{ duplicates: 0 }]);
    expect(at.records()).toEqual(before);
  });

  it("seals attachments by themselves, and a message too large to travel as a whole", async () => {
    const boundary = "b";
    const content = Buffer.alloc(900_000, "attached ");
    const large = mail("3", "Plan", "", [`Content-Type: multipart/mixed; boundary=${boundary}`]).trimEnd();
    const parts = [
      `--${boundary}\nContent-Type: text/plain\n\nsee the plan\n`,
      `--${boundary}\nContent-Type: application/pdf; name=plan.pdf\nContent-Transfer-Encoding: base64\n\n${content.toString("base64").replaceAll(/.{76}/g, "$&\n")}\n`,
      `--${boundary}--\n`,
    ];
    const file = `${large}\n\n${parts.join("")}`;
    const { files } = await at.imported(file, { name: "plan.eml" });

    expect(files).toMatchObject([{ messages: 1, attachments: 2 }]);
    const [message] = at.records();
    expect(message!.event.text).toBe("Plan\n\nsee the plan");
    expect(message!.event.attachments).toMatchObject([
      { name: "message.eml", mediaType: "message/rfc822", sizeBytes: file.length },
      { name: "plan.pdf", mediaType: "application/pdf", sizeBytes: content.length },
    ]);
    expect((await at.opened(message!)).toString()).toBe(file);
    expect((await at.opened(message!, 1)).equals(content)).toBe(true);
  });

  it("keeps nothing of a conversation that scope leaves out, nor the file, and counts it", async () => {
    const conversation = scopeHash(SCOPE_KEY, "email", "Private");
    at.rig.registry.rules = {
      version: 1,
      rules: [{ id: "private", effect: "exclude", conversation }],
    };
    await at.imported(inBox(mail("1", "Ferry", "nine"), mail("9", "Private", "dinner")), {
      name: "all.mbox",
    });

    expect(at.texts()).toEqual(["Ferry\n\nnine"]);
    expect(at.records("notice")[0]!.event.attachments).toBeUndefined();
    expect(at.records("coverage")[0]!.event.coverage).toMatchObject({ excluded: 1 });
    expect(JSON.stringify(at.rig.publisher.records)).not.toContain("Private");
  });

  it("keeps a message that cannot be read, and says so", async () => {
    const parts = "--x\r\n\r\na\r\n".repeat(5_000);
    await at.imported(mail("7", "Parts", parts, ["Content-Type: multipart/mixed; boundary=x"]), {
      name: "parts.eml",
    });

    const [message] = at.records();
    expect(message!.event).toMatchObject({ text: "Parts", networkId: "7@example.gov.uk" });
    const notices = at.records("notice").filter(({ event }) => event.target !== undefined);
    expect(notices).toMatchObject([{ event: { target: "7@example.gov.uk" } }]);
    expect(notices[0]!.event.text).toMatch(/could not be read/);
  });

  it("says that what tells of a chat's dates tells nothing of mail", async () => {
    const { files } = await at.imported(BOX, { name: "sent.mbox", dateOrder: "mdy" });

    expect(files[0]!.warnings).toMatchObject([{ code: "option-ignored" }]);
  });
});
