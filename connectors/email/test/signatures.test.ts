import { Client, Intake, report } from "./intake.ts";
import { MailReader } from "../src/reading/mail-reader.ts";
import { sealed, signed, type Signer, Zone } from "./signing.ts";

const MESSAGE = [
  "From: Fergus <fergus@example.org>",
  "To: Ann Lee <ann@example.gov.uk>",
  "Subject: Pier",
  "Message-ID: <pier@example.org>",
  "Date: Mon, 13 May 2024 10:01:00 +0100",
  "",
  "The pier is shut.",
  "",
].join("\r\n");
const LINES = ["Sender: fergus@example.org", "To: ann@example.gov.uk"];

const zone = new Zone();
const author = zone.signer("example.org");
const weak = zone.signer("example.org", { selector: "weak", bits: 512 });
const forwarder = zone.signer("lists.example.net");
zone.publish("example.org", "long", `v=DKIM1; p=${"A".repeat(65_536)}`);
const unknown: Signer = { ...author, selector: "gone" };
const long: Signer = { ...author, selector: "long" };

let intake: Intake;
beforeAll(async () => {
  intake = await Intake.open({ resolve: zone.resolve });
});
afterAll(() => intake[Symbol.asyncDispose]());

interface Evidence {
  readonly authenticity: {
    readonly signatures: readonly { kind: string; result: string; aligned?: boolean }[];
    readonly dns: readonly { name: string; records: readonly string[]; failed?: string }[];
    readonly unchecked?: string;
  };
}

/** Hands it over by SMTP. @returns what the notice beside it says, in words and as evidence */
async function told(message: string): Promise<{ text: string } & Evidence["authenticity"]> {
  intake.sink.captured.length = 0;
  using client = await Client.open(intake.port);
  expect(await client.send(message)).toMatch(/^250/);
  const [notice] = intake.captured("notice");
  const evidence = JSON.parse(Buffer.from(notice!.event.raw, "base64").toString()) as Evidence;
  return { text: notice!.event.text!, ...evidence.authenticity };
}

/** A row: what was done to a message, and what is said of it, whether it came by itself or within a report. */
const ROWS: readonly {
  readonly name: string;
  readonly message: () => Promise<string>;
  readonly results: readonly string[];
  readonly says: RegExp;
}[] = [
  {
    name: "nothing",
    message: () => signed(MESSAGE, author),
    results: ["pass aligned"],
    says: /^DKIM of example\.org, the domain of From: pass\.$/m,
  },
  {
    name: "a Received line in front",
    message: async () => `Received: from a by b;\r\n Mon, 13 May 2024\r\n${await signed(MESSAGE, author)}`,
    results: ["pass aligned"],
    says: /: pass\.$/m,
  },
  {
    name: "empty lines at its end",
    message: async () => `${await signed(MESSAGE, author)}\r\n\r\n`,
    results: ["pass aligned"],
    says: /: pass\.$/m,
  },
  {
    name: "another body",
    message: async () => (await signed(MESSAGE, author)).replace("shut", "open"),
    results: ["neutral aligned"],
    says: /: neutral \(the body is another than was signed\)\.$/m,
  },
  {
    name: "another subject",
    message: async () => (await signed(MESSAGE, author)).replace("Subject: Pier", "Subject: [Pier] Pier"),
    results: ["fail aligned"],
    says: /: fail\.$/m,
  },
  {
    name: "a second From in front",
    message: async () => `From: Ann Lee <ann@example.gov.uk>\r\n${await signed(MESSAGE, author)}`,
    results: ["pass"],
    says: /which is not the one domain of From: pass \(From is not exactly one address\)\.$/m,
  },
  {
    name: "two addresses in From",
    message: () =>
      signed(MESSAGE.replace("<fergus@example.org>", "<fergus@example.org>, m@example.com"), author),
    results: ["pass"],
    says: /which is not the one domain of From/,
  },
  {
    name: "the signature of somebody else",
    message: () => signed(MESSAGE, forwarder),
    results: ["pass"],
    says: /^DKIM of lists\.example\.net, which is not the one domain of From: pass\.$/m,
  },
  {
    name: "text added where only the beginning is signed",
    message: async () => `${await signed(MESSAGE, author, { bodyBytes: 8 })}And more.\r\n`,
    results: ["pass aligned"],
    says: /only the beginning of the body is signed/,
  },
  {
    name: "nothing of its body signed",
    message: async () => (await signed(MESSAGE, author, { bodyBytes: 0 })).replace("shut", "open"),
    results: ["pass aligned"],
    says: /only the beginning of the body is signed/,
  },
  {
    name: "From alone signed",
    message: () => signed(MESSAGE, author, { headers: "From" }),
    results: ["pass aligned"],
    says: /the subject is not signed; the date is not signed/,
  },
  {
    name: "a key of 512 bits",
    message: () => signed(MESSAGE, weak),
    results: ["policy aligned"],
    says: /the key is shorter than 1,024 bits/,
  },
  {
    name: "a key that is gone",
    message: () => signed(MESSAGE, unknown),
    results: ["neutral aligned"],
    says: /: neutral\.$/m,
  },
  {
    name: "a signature of no known kind",
    message: async () => (await signed(MESSAGE, author)).replace("a=rsa-sha256", "a=rot-13"),
    results: [],
    says: /a signature that names no signer, or is of a kind that is not known/,
  },
  {
    name: "a seal of who forwarded it",
    message: async () => sealed(await signed(MESSAGE, author), forwarder),
    results: ["pass aligned", "arc pass"],
    says: /^ARC of lists\.example\.net: pass\.$/m,
  },
  {
    name: "another body since it was sealed",
    message: async () => (await sealed(await signed(MESSAGE, author), forwarder)).replace("shut", "open"),
    results: ["neutral aligned", "arc fail"],
    says: /^ARC of lists\.example\.net: fail\.$/m,
  },
];

describe.each([
  ["a copy", (message: string) => message],
  ["the message within a report", (message: string) => report(LINES, message)],
])("%s", (_, wrap) => {
  it.each(ROWS)("with $name", async ({ message, results, says }) => {
    const { text, signatures } = await told(wrap(await message()));

    expect(
      signatures.map(({ kind, result, aligned }) =>
        [...(kind === "arc" ? [kind] : []), result, ...(aligned ? ["aligned"] : [])].join(" "),
      ),
    ).toEqual(results);
    expect(text).toMatch(says);
  });

  it("has the DNS's own answers, also where they changed nothing", async () => {
    const name = "s1._domainkey.example.org";
    const intact = await told(wrap(await signed(MESSAGE, author)));
    const changed = await told(wrap((await signed(MESSAGE, author)).replace("shut", "open")));

    const [[key = ""] = []] = await zone.resolve(name, "TXT").then((found) => found as string[][]);
    expect(intact.dns).toEqual([{ name, type: "TXT", records: [expect.stringContaining(key)] }]);
    expect(changed.dns).toEqual(intact.dns);
  });

  it("has no DNS answer of 64 kB, and says so", async () => {
    const { dns, signatures } = await told(wrap(await signed(MESSAGE, long)));

    expect(dns).toEqual([
      { name: "long._domainkey.example.org", type: "TXT", records: [], failed: "ETOOLONG" },
    ]);
    expect(signatures).toMatchObject([{ result: "temperror" }]);
  });

  it("of 1,000 signatures has the ten nearest to its body checked", async () => {
    const own = await signed(MESSAGE, author);
    const signature = (await signed(MESSAGE, unknown)).slice(0, -MESSAGE.length);
    zone.asked.length = 0;
    const { signatures, unchecked } = await told(wrap(`${signature.repeat(999)}${own}`));

    expect(signatures.map(({ result }) => result).sort()).toEqual([
      ...Array<string>(9).fill("neutral"),
      "pass",
    ]);
    expect(unchecked).toMatch(/1000 signatures, of which the 10 nearest/);
    expect(zone.asked.length).toBeLessThanOrEqual(10);
  });
});

describe("a domain whose DNS does not answer", () => {
  const silent = zone.signer("silent.example.org");
  const isSilent = (name: string) => name.endsWith("silent.example.org");
  const heard = Promise.withResolvers<string[][]>();
  const resolve: typeof zone.resolve = (name, type) =>
    isSilent(name) ? heard.promise : zone.resolve(name, type);

  it("is given up, and said to have been late", async () => {
    await using reader = new MailReader({ resolve, dnsMs: 10 });
    const { signatures, dns } = (await reader.check(Buffer.from(await signed(MESSAGE, silent)))) ?? {};

    expect(signatures).toMatchObject([{ result: "temperror", domain: "silent.example.org" }]);
    expect(dns).toMatchObject([{ failed: "ETIMEOUT" }]);
  });

  it("keeps no other message waiting", async () => {
    await using reader = new MailReader({ resolve, dnsMs: 3_600_000 });
    const waiting = reader.check(Buffer.from(await signed(MESSAGE, silent)));
    const next = await reader.check(Buffer.from(await signed(MESSAGE, author)));
    expect(next?.signatures).toMatchObject([{ result: "pass" }]);

    heard.resolve((await zone.resolve("s1._domainkey.silent.example.org", "TXT")) as string[][]);
    expect((await waiting)?.signatures).toMatchObject([{ result: "pass", domain: "silent.example.org" }]);
  });
});
