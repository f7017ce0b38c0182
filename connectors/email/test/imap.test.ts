import type { Captured } from "@daybook/contract";
import { RecordingSink } from "@daybook/contract/testing";
import { describeWithDovecot, Dovecot, SilentWay } from "./dovecot.ts";
import { ANN, mail, Reading, until } from "./reading-mailbox.ts";

const TIMEOUT_MS = 240_000;

describeWithDovecot("a mailbox read by IMAP", () => {
  let dovecot: Dovecot;
  let reading: Reading;
  let users = 0;
  beforeAll(async () => {
    dovecot = await Dovecot.start();
  }, TIMEOUT_MS);
  beforeEach(() => {
    users += 1;
    dovecot.user = `ann${users}@example.org`;
    reading = new Reading(dovecot);
  });
  afterEach(() => reading[Symbol.asyncDispose](), TIMEOUT_MS);
  afterAll(() => dovecot[Symbol.asyncDispose](), TIMEOUT_MS);

  it(
    "is captured byte for byte, and nobody sees that it was read",
    async () => {
      const odd = Buffer.from(
        `${mail(1)}.\r\n..\r\n.dot\r\nbare\rCR\r\n\xe9\xff\r\n>From here\r\nFrom there\r\n`,
        "latin1",
      );
      await dovecot.append(odd);
      await reading.visit();

      const [message] = reading.captured("message") as [Captured];
      expect(Buffer.from(message.event.raw, "base64").equals(odd)).toBe(true);
      expect(message.event).toMatchObject({
        network: "email",
        method: "export",
        provenance: "supplied",
        account: dovecot.user,
        custodian: ANN,
        direction: "incoming",
        networkId: "1@example.net",
      });
      expect(message.event.receivedAt).toMatch(/^\d{4}-/);
      const seen = await dovecot.owner((client) => client.search({ seen: true }));
      expect(seen).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    "has all folders but drafts, and a repeat fetches only what is new",
    async () => {
      await dovecot.owner((client) => client.mailboxCreate("Archive"));
      await dovecot.append(mail(1));
      await dovecot.append(mail(2), "Archive");
      await dovecot.append(mail(3), "Drafts");
      await reading.visit();
      expect(reading.messages).toEqual(["1@example.net", "2@example.net"]);
      const before = reading.captured("message").length;
      await dovecot.append(mail(4));
      await reading.visit();

      const fresh = reading.captured("message").slice(before);
      expect(fresh.map(({ event }) => event.networkId)).toEqual(["4@example.net"]);
      expect(reading.captured("gap", "delete")).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    "is walked again under another UIDVALIDITY, and nothing is captured twice; what is gone then is told",
    async () => {
      await dovecot.owner((client) => client.mailboxCreate("Old"));
      for (const n of [1, 2, 3]) await dovecot.append(mail(n), "Old");
      await reading.visit();
      const before = reading.captured("message").length;
      await dovecot.owner(async (client) => {
        await client.mailboxDelete("Old");
        await client.mailboxCreate("Old");
      });
      for (const n of [2, 1, 4]) await dovecot.append(mail(n), "Old");
      await reading.visit();
      await reading.visit();

      const fresh = reading.captured("message").slice(before);
      expect(fresh.map(({ event }) => event.networkId)).toEqual(["4@example.net"]);
      expect(reading.captured("delete").map(({ event }) => event.target)).toEqual(["3@example.net"]);
      expect(reading.captured("gap")).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    "tells what was removed, what came and went unseen, and takes no move for a removal",
    async () => {
      await dovecot.owner((client) => client.mailboxCreate("Archive"));
      for (const n of [1, 2, 3]) await dovecot.append(mail(n));
      await reading.visit();
      for (const n of [4, 5]) await dovecot.append(mail(n));
      await dovecot.owner(async (client) => {
        await client.messageMove("1", "Archive", { uid: true });
        await client.messageDelete("2,4", { uid: true });
      });
      await reading.visit();
      await reading.visit();

      const deletes = reading.captured("delete");
      expect(deletes.map(({ event }) => event.target)).toEqual(["2@example.net"]);
      expect(JSON.parse(Buffer.from(deletes[0]!.event.raw, "base64").toString())).toMatchObject({
        folder: "INBOX",
        uid: 2,
      });
      const gaps = reading.captured("gap");
      expect(gaps.map(({ event }) => event.gap?.about)).toEqual(["UID 4 of INBOX"]);
      expect(reading.messages).toEqual([1, 2, 3, 5].map((n) => `${n}@example.net`));
    },
    TIMEOUT_MS,
  );

  it(
    "loses what a folder had that was removed",
    async () => {
      await dovecot.owner((client) => client.mailboxCreate("Old"));
      await dovecot.append(mail(1), "Old");
      await dovecot.append(mail(2), "Old");
      await dovecot.append(mail(2));
      await reading.visit();
      await dovecot.owner((client) => client.mailboxDelete("Old"));
      await reading.visit();
      await reading.visit();

      expect(reading.captured("delete").map(({ event }) => event.target)).toEqual(["1@example.net"]);
    },
    TIMEOUT_MS,
  );

  it(
    "is followed: what comes and goes is heard at once",
    async () => {
      await dovecot.append(mail(1));
      reading.start();
      await reading.live();
      await dovecot.append(mail(2));
      await until(() => reading.messages.length === 2);
      await dovecot.owner((client) => client.messageDelete("1", { uid: true }));
      await until(() => reading.captured("delete").length === 1);

      expect(reading.captured("delete")[0]!.event.target).toBe("1@example.net");
    },
    TIMEOUT_MS,
  );

  it(
    "finds out that a line is dead which looks alive, and says until when it heard",
    async () => {
      await using way = await SilentWay.to(dovecot.port);
      await dovecot.append(mail(1));
      reading.start({ port: way.port, everyMs: 500, answerMs: 2_000 });
      await reading.live();
      way.silence();
      await dovecot.append(mail(2));
      await until(() => reading.messages.length === 2);
      await reading.stop();

      expect(way.opened).toBeGreaterThan(1);
      const states = reading.captured("coverage").map(({ event }) => event.coverage?.state);
      expect(states).toEqual(expect.arrayContaining(["live", "down", "catching-up"]));
    },
    TIMEOUT_MS,
  );

  it(
    "keeps account of a message that is larger than is taken, and reads the rest",
    async () => {
      await dovecot.append(mail(1, "x".repeat(20_000)));
      await dovecot.append(mail(2));
      await reading.visit({ maxBytes: 10_000 });

      expect(reading.messages).toEqual(["2@example.net"]);
      const [gap] = reading.captured("gap") as [Captured];
      expect(gap.event.gap).toMatchObject({
        why: "A message is larger than is taken",
        about: "UID 1 of INBOX",
      });
    },
    TIMEOUT_MS,
  );

  it.each([
    ["lost", false],
    ["kept and not answered", true],
  ])(
    "hands over again what was %s: one record each",
    async (_, keep) => {
      for (const n of [1, 2, 3]) await dovecot.append(mail(n));
      reading.sink = new RecordingSink({ failures: 3, keep });
      await reading.visit();

      expect(reading.messages).toEqual([1, 2, 3].map((n) => `${n}@example.net`));
    },
    TIMEOUT_MS,
  );

  it(
    "says that the password is refused, and speaks to no server that nobody vouches for",
    async () => {
      reading.start({ signIn: { password: () => "another" } });
      await until(() => reading.connector?.health()[0]?.status === "refused");
      expect(reading.connector?.health()[0]?.problem).toMatch(/refuses/);
      await reading.stop();
      const logged: unknown[] = [];
      const note = (...said: unknown[]) => void logged.push(...said);
      const account = { ...dovecot.account, ca: undefined, custodian: ANN };
      reading.start({ accounts: [account], log: { info: note, warn: note, error: note } });
      await until(() => JSON.stringify(logged).includes("network-unavailable"));

      expect(reading.connector?.health()[0]?.status).toBe("down");
      expect(JSON.stringify(logged)).not.toMatch(/ann\d|example/);
    },
    TIMEOUT_MS,
  );
});
