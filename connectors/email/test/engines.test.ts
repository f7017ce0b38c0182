import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeAuthority } from "@daybook/lab";
import { RecordingSink } from "@daybook/contract/testing";
import { setTimeout as sleep } from "node:timers/promises";
import { INNER, Intake, JOURNAL } from "./intake.ts";
import { describeWithPostfix, Postfix, swaks } from "./postfix.ts";

const TIMEOUT_MS = 240_000;

const until = async (isSo: () => boolean | Promise<boolean>) => {
  while (!(await isSo())) await sleep(100);
};

describeWithPostfix("a mail server in front", () => {
  it(
    "keeps what it is told 451 for, 300 messages, and hands all of it over later: one record each",
    async () => {
      const sink = new RecordingSink({ failures: Infinity });
      const refusing = await Intake.open({}, sink);
      const { port } = refusing;
      await using postfix = await Postfix.start(port);
      await postfix.load(300, JOURNAL);
      await until(() => sink.attempts > 20);
      expect(refusing.captured()).toEqual([]);
      await refusing[Symbol.asyncDispose]();
      await using intake = await Intake.open({ at: { host: "127.0.0.1", port } });
      const records = () => new Set(intake.captured("message").map(({ eventId }) => eventId)).size;
      await until(() => records() === 300);
      await until(async () => (await postfix.queued()) === 0);

      expect(postfix.log()).not.toMatch(/status=bounced|status=expired/);
      expect(records()).toBe(300);
    },
    TIMEOUT_MS,
  );

  it(
    "hands over again, byte for byte, what was kept and not answered: one record",
    async () => {
      const kept = new RecordingSink({ failures: 1, keep: true });
      await using intake = await Intake.open({}, kept);
      await using postfix = await Postfix.start(intake.port);
      await swaks(postfix.port, ["--from", "ann@example.gov.uk", "--to", JOURNAL, "--data", INNER]);
      await until(() => intake.captured("message").length >= 2);

      const [first, again] = intake.captured("message") as [
        (typeof kept.captured)[0],
        (typeof kept.captured)[0],
      ];
      expect(again.event.raw).toBe(first.event.raw);
      expect([again.eventId, again.stableDigest]).toEqual([first.eventId, first.stableDigest]);
    },
    TIMEOUT_MS,
  );

  it(
    "delivers by STARTTLS, with a certificate of its own or from a known address alone",
    async () => {
      const dir = mkdtempSync(join(tmpdir(), "daybook-mail-"));
      const [ours, others] = [
        await makeAuthority(join(dir, "ours")),
        await makeAuthority(join(dir, "others")),
      ];
      const file = (name: string, content: string) => {
        writeFileSync(join(dir, name), content);
        return join(dir, name);
      };
      const presented = async (authority: typeof ours, name: string) => {
        const { key, certificate } = await authority.issue({ subject: "mail.example.gov.uk" });
        return ["--tls-cert", file(`${name}.pem`, certificate), "--tls-key", file(`${name}.key`, key)];
      };
      const [client, forged] = [await presented(ours, "client"), await presented(others, "forged")];
      const server = await ours.issue({ subject: "localhost", names: ["DNS:localhost"] });
      const tls = { ...server, clientAuthority: ours.ca };
      await using intake = await Intake.open({
        tls,
        sources: { addresses: [], names: ["mail.example.gov.uk"] },
      });
      const message = ["--from", "ann@example.gov.uk", "--to", JOURNAL, "--data", INNER];

      expect(await swaks(intake.port, message)).toMatch(/530 .*STARTTLS/);
      expect(await swaks(intake.port, ["-tls", ...message])).toMatch(/550 .*not a source/);
      expect(await swaks(intake.port, ["-tls", ...forged, ...message])).toMatch(/550 .*not a source/);
      expect(intake.captured("message")).toEqual([]);
      expect(await swaks(intake.port, ["-tls", ...client, ...message])).toMatch(/250 2.0.0 kept as/);
      await using known = await Intake.open({ tls, sources: { addresses: ["127.0.0.0/8"], names: [] } });
      await using postfix = await Postfix.start(known.port, true);
      await swaks(postfix.port, message);
      await until(() => known.captured("message").length > 0);
      rmSync(dir, { recursive: true });
    },
    TIMEOUT_MS,
  );
});
