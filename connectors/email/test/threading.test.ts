import { createHash } from "node:crypto";
import { openMail } from "../src/index.ts";
import { ANN, Client, Intake, JOURNAL, report } from "./intake.ts";

const RECORD = "record@example.gov.uk";
const FIRST = "<first@example.org>";
const PARENT = "<parent@example.gov.uk>";

function mail(headers: Readonly<Record<string, string>>): string {
  const all = { From: "ann@example.gov.uk", To: "out@example.org", Subject: "Re: Pier", ...headers };
  return [...Object.entries(all).map(([name, value]) => `${name}: ${value}`), "", "Yes.", ""].join("\r\n");
}

const parent = mail({ "Message-ID": PARENT, References: FIRST, "In-Reply-To": FIRST });
/** As programs write it that know of no References. */
const reply = mail({ "Message-ID": "<reply@example.gov.uk>", "In-Reply-To": PARENT });

async function importedConversation(message: string): Promise<string | undefined> {
  const bytes = Buffer.from(message);
  await using file = await openMail({
    sizeBytes: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    async *read(start, end) {
      yield await Promise.resolve(bytes.subarray(start, end));
    },
  });
  for await (const { conversation } of file!.entries()) return conversation?.id;
  return undefined;
}

describe("a reply that names what it answers and no first message", () => {
  it("is in one conversation by whatever way and in whatever order it comes, and names what it answers", async () => {
    const copies = {
      addresses: [RECORD],
      mailboxes: [{ addresses: ["ann@example.com"] as const, custodian: ANN }],
      lateAfterDays: 20,
    };
    await using intake = await Intake.open({ copies });
    using client = await Client.open(intake.port);
    const lines = ["Sender: ann@example.gov.uk", "To: out@example.org"];
    await client.send(reply);
    await client.send(parent);
    await client.send(reply);
    await client.send(report(lines, reply), JOURNAL);
    await client.send(reply, RECORD);

    const replies = intake
      .captured("message")
      .filter(({ event }) => event.networkId === "reply@example.gov.uk");
    expect(replies).toHaveLength(4);
    for (const { event } of replies)
      expect([event.conversation?.id, event.replyTo]).toEqual([
        "parent@example.gov.uk",
        "parent@example.gov.uk",
      ]);
    expect(await importedConversation(reply)).toBe("parent@example.gov.uk");
  });

  it("is in another than one that names the first message too", async () => {
    const whole = mail({
      "Message-ID": "<r@example.gov.uk>",
      References: `${FIRST} ${PARENT}`,
      "In-Reply-To": PARENT,
    });
    expect(await importedConversation(whole)).toBe("first@example.org");
  });
});
