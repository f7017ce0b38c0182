import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { started } from "../../../test/started.ts";
import { describeWithDovecot, Dovecot } from "./dovecot.ts";

const READER = join(import.meta.dirname, "children", "imap-reader.ts");
const TIMEOUT_MS = 300_000;
const MESSAGES = 120;

describeWithDovecot("a mailbox whose reader is killed", () => {
  let dovecot: Dovecot;
  let dir: string;
  beforeAll(async () => {
    dovecot = await Dovecot.start();
    dir = mkdtempSync(join(tmpdir(), "daybook-imap-"));
  }, TIMEOUT_MS);
  afterAll(async () => {
    await dovecot[Symbol.asyncDispose]();
    rmSync(dir, { recursive: true, force: true });
  }, TIMEOUT_MS);

  const output = () => join(dir, "stream");

  function start(dieAfter?: number): ChildProcess {
    const { signIn, ...account } = dovecot.account;
    const where = JSON.stringify({ ...account, pass: signIn.password() });
    const args = [READER, where, dir, output(), ...(dieAfter === undefined ? [] : [String(dieAfter)])];
    return spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  }

  /** What is recorded: the archive makes one record of whatever has the same id and digest. */
  function records(of: string): string[] {
    const seen = new Map<string, string>();
    for (const line of existsSync(output()) ? readFileSync(output(), "utf8").split("\n").slice(0, -1) : []) {
      const [eventId, digest, kind, name] = JSON.parse(line) as [string, string, string, string];
      if (kind === of) seen.set(`${eventId} ${digest}`, name);
    }
    return [...seen.values()].sort();
  }

  it(
    "half way, again and again, has one record of each message, and of each that went",
    async () => {
      const names = Array.from({ length: MESSAGES }, (_, n) => `${n}@example.net`);
      await dovecot.owner(async (client) => {
        for (const [n, name] of names.entries())
          await client.append("INBOX", Buffer.from(`Subject: ${n}\r\nMessage-ID: <${name}>\r\n\r\n${n}\r\n`));
      });
      for (const after of [1, 60, 50]) {
        const dying = start(after);
        expect(await once(dying, "exit")).toEqual([null, "SIGKILL"]);
      }
      const gone = names.slice(0, 2);
      const reader = start();
      await started(reader);
      expect(records("message")).toEqual([...names].sort());
      await dovecot.owner((client) => client.messageDelete("1:2", { uid: true }));
      while (records("delete").length < gone.length) await new Promise((resolve) => setTimeout(resolve, 50));
      reader.kill("SIGKILL");
      await once(reader, "exit");
      const last = start();
      await started(last);
      last.kill("SIGKILL");
      await once(last, "exit");

      expect(records("message")).toEqual([...names].sort());
      expect(records("delete")).toEqual(gone);
      expect(records("gap")).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
