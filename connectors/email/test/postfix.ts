import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

/** Debian's `postfix`, `swaks` and `libnet-ssleay-perl`, by root alone: Postfix starts in no other way. */
export const mailServers =
  userInfo().uid === 0 &&
  ["postfix", "swaks"].every((name) => spawnSync("which", [name]).status === 0) &&
  spawnSync("perl", ["-MNet::SSLeay", "-e1"]).status === 0;

/** Registers tests that need them; without them says so, loudly. */
export function describeWithPostfix(name: string, tests: () => void): void {
  if (!mailServers)
    console.warn(
      `SKIPPED: ${name}: it needs root and the Debian packages postfix, swaks and libnet-ssleay-perl`,
    );
  (mailServers ? describe : describe.skip)(name, tests);
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

/** A Postfix of its own that hands on all it gets to one port, and keeps what is not taken. */
export class Postfix implements AsyncDisposable {
  readonly port: number;
  readonly #dir: string;
  readonly #running: ChildProcess;

  private constructor(port: number, dir: string, running: ChildProcess) {
    this.port = port;
    this.#dir = dir;
    this.#running = running;
  }

  /**
   * @param to the port that it hands on to
   * @param tls whether it insists on STARTTLS there
   * @param more lines of `main.cf`
   */
  static async start(to: number, tls = false, more: readonly string[] = []): Promise<Postfix> {
    const port = await freePort();
    const dir = mkdtempSync(join(tmpdir(), "daybook-postfix-"));
    // Its processes run as another user, and a test before may have hardened this process.
    const umask = process.umask(0o022);
    chmodSync(dir, 0o755);
    const [config, queue, data] = ["etc", "queue", "data"].map((name) => join(dir, name)) as [
      string,
      string,
      string,
    ];
    for (const one of [config, queue, data]) mkdirSync(one, { mode: 0o755 });
    const owner = statSync("/var/lib/postfix");
    chownSync(data, owner.uid, owner.gid);
    writeFileSync(
      join(config, "main.cf"),
      [
        "compatibility_level = 3.6",
        `queue_directory = ${queue}`,
        `data_directory = ${data}`,
        "mail_owner = postfix",
        "setgid_group = postdrop",
        "myhostname = mail.example.gov.uk",
        "mydestination =",
        "inet_interfaces = 127.0.0.1",
        "inet_protocols = ipv4",
        "mynetworks = 127.0.0.0/8",
        "smtpd_relay_restrictions = permit_mynetworks, reject",
        `relayhost = [127.0.0.1]:${to}`,
        "smtp_dns_support_level = disabled",
        "minimal_backoff_time = 1s",
        "maximal_backoff_time = 2s",
        "queue_run_delay = 1s",
        "smtp_destination_concurrency_failed_cohort_limit = 0",
        `smtp_tls_security_level = ${tls ? "encrypt" : "none"}`,
        `maillog_file = ${join(dir, "maillog")}`,
        `maillog_file_prefixes = ${dir}`,
        "alias_maps =",
        "local_recipient_maps =",
        ...more,
        "",
      ].join("\n"),
    );
    const services = [
      `127.0.0.1:${port} inet n - n - - smtpd`,
      "pickup unix n - n 60 1 pickup",
      "cleanup unix n - n - 0 cleanup",
      "qmgr unix n - n 1 1 qmgr",
      "tlsmgr unix - - n 1000? 1 tlsmgr",
      "proxymap unix - - n - - proxymap",
      "rewrite unix - - n - - trivial-rewrite",
      "bounce unix - - n - 0 bounce",
      "defer unix - - n - 0 bounce",
      "trace unix - - n - 0 bounce",
      "verify unix - - n - 1 verify",
      "flush unix n - n 1000? 0 flush",
      "smtp unix - - n - - smtp",
      "relay unix - - n - - smtp",
      "showq unix n - n - - showq",
      "error unix - - n - - error",
      "retry unix - - n - - error",
      "discard unix - - n - - discard",
      "anvil unix - - n - 1 anvil",
      "scache unix - - n - 1 scache",
      "postlog unix-dgram n - n - 1 postlogd",
    ];
    writeFileSync(join(config, "master.cf"), `${services.join("\n")}\n`);
    const said = openSync(join(dir, "said"), "a");
    const running = spawn("postfix", ["-c", config, "start-fg"], { stdio: ["ignore", said, said] });
    closeSync(said);
    process.umask(umask);
    const postfix = new Postfix(port, dir, running);
    while (!(await answers(port))) {
      if (running.exitCode !== null)
        throw new Error(`Postfix ended: ${readFileSync(join(dir, "said"), "utf8")}${postfix.log()}`);
      await sleep(50);
    }
    return postfix;
  }

  /** What it says of what it did, without anything secret: all is made up. */
  log(): string {
    return readFileSync(join(this.#dir, "maillog"), { encoding: "utf8", flag: "a+" });
  }

  /** Messages that wait. One that it moves from queue to queue just then is not seen. */
  async queued(): Promise<number> {
    const { stdout } = await promisify(execFile)("postqueue", ["-c", join(this.#dir, "etc"), "-j"]);
    return stdout.split("\n").filter((line) => line !== "").length;
  }

  /** Many messages at once, by its own load generator. */
  async load(count: number, to: string, from = "ann@example.gov.uk"): Promise<void> {
    const args = ["-d", "-c", "-s", "10", "-m", String(count), "-l", "2000", "-f", from, "-t", to];
    await promisify(execFile)("smtp-source", [...args, `127.0.0.1:${this.port}`]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#running, "exit");
    spawnSync("postfix", ["-c", join(this.#dir, "etc"), "stop"], { stdio: "ignore" });
    await ended;
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

/** Whether somebody listens there. */
export async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** One message by `swaks`. @returns what was said on the wire */
export async function swaks(port: number, more: readonly string[]): Promise<string> {
  const args = ["--server", `127.0.0.1:${port}`, "--timeout", "60", ...more];
  const done = await promisify(execFile)("swaks", args).catch(
    (error: unknown) => error as { stdout: string },
  );
  return done.stdout;
}
