import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Captured, type Event } from "@daybook/contract";
import { RecordingSink } from "@daybook/contract/testing";
import { Email, type EmailOptions } from "../src/index.ts";

export const JOURNAL = "journal-7f3a@archive.example.gov.uk";
export const ANN = { id: "c1", name: "Ann Lee" };
export const BO = { id: "c2", name: "Bo Ek" };

/** The connector, listening, with what it captured. */
export class Intake implements AsyncDisposable {
  readonly sink: RecordingSink;
  readonly email: Email;
  readonly port: number;
  readonly #stop: AbortController;
  readonly #running: Promise<void>;
  readonly #dir: string;

  private constructor(of: {
    sink: RecordingSink;
    email: Email;
    port: number;
    stop: AbortController;
    running: Promise<void>;
    dir: string;
  }) {
    this.sink = of.sink;
    this.email = of.email;
    this.port = of.port;
    this.#stop = of.stop;
    this.#running = of.running;
    this.#dir = of.dir;
  }

  static async open(options: Partial<EmailOptions> = {}, sink = new RecordingSink()): Promise<Intake> {
    const dir = mkdtempSync(join(tmpdir(), "daybook-email-"));
    const silent = () => undefined;
    const email = new Email({
      journalAddresses: [JOURNAL],
      mailboxes: [
        { addresses: ["ann@example.gov.uk", "a.lee@example.gov.uk"], custodian: ANN },
        { addresses: ["bo@example.gov.uk"], custodian: BO },
      ],
      sources: { addresses: ["127.0.0.1"], names: [] },
      at: { host: "127.0.0.1", port: 0 },
      stateFile: join(dir, "email.state"),
      key: randomBytes(32),
      log: { info: silent, warn: silent, error: silent },
      // A loaded machine reads slowly: what is not read is another message.
      readMs: 120_000,
      ...options,
    });
    const stop = new AbortController();
    const running = email.run(sink, stop.signal);
    const port = await Promise.race([email.port, running.then(() => 0)]);
    return new Intake({ sink, email, port, stop, running, dir });
  }

  /** What was captured, of some kinds; coverage is not asked for. */
  captured(...kinds: Event["kind"][]): Captured[] {
    return this.sink.captured.filter(({ event: { kind } }) => kinds.length === 0 || kinds.includes(kind));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

/** A mail server that speaks by hand: what it writes is on the wire as it is. */
export class Client implements Disposable {
  readonly #socket: Socket;
  #heard = "";
  /** Until more is heard, or nothing any more. */
  #more: Promise<unknown>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    let told = Promise.withResolvers<unknown>();
    this.#more = told.promise;
    const tell = () => {
      told.resolve(undefined);
      told = Promise.withResolvers();
      this.#more = told.promise;
    };
    socket
      .on("data", (data) => {
        this.#heard += data.toString("latin1");
        tell();
      })
      .on("close", tell)
      .on("error", () => undefined);
  }

  static async open(port: number): Promise<Client> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    const client = new Client(socket);
    await client.answer();
    await client.say("EHLO client.example");
    return client;
  }

  write(data: string | Buffer): void {
    this.#socket.write(data);
  }

  /** One answer, all its lines. */
  async answer(): Promise<string> {
    for (;;) {
      const whole = /^(?:\d{3}-[^\n]*\n)*\d{3}(?: [^\n]*)?\n/.exec(this.#heard)?.[0];
      if (whole !== undefined) {
        this.#heard = this.#heard.slice(whole.length);
        return whole.trim();
      }
      if (this.#socket.destroyed) throw new Error("the server closed");
      await this.#more;
    }
  }

  async say(line: string): Promise<string> {
    this.write(`${line}\r\n`);
    return this.answer();
  }

  /** Sends what is on the wire between DATA and the end. @returns the last answer */
  async send(data: string | Buffer, to = JOURNAL, from = ""): Promise<string> {
    await this.say(`MAIL FROM:<${from}>`);
    const known = await this.say(`RCPT TO:<${to}>`);
    if (!known.startsWith("250")) return known;
    await this.say("DATA");
    this.write(data);
    this.write("\r\n.\r\n");
    return this.answer();
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

export const INNER = [
  "From: Ann Lee <ann@example.gov.uk>",
  "To: Outside <out@example.org>",
  "Subject: Ferry",
  "Message-ID: <ferry@example.gov.uk>",
  "Date: Mon, 13 May 2024 10:01:00 +0100",
  "",
  "It leaves at nine. \t",
  "",
  "",
].join("\r\n");

/** As Exchange writes it: [MS-XJRNL], and what its documentation shows. */
export function report(lines: readonly string[], inner = INNER): string {
  return [
    "From: MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@example.gov.uk",
    `To: ${JOURNAL}`,
    "Subject: Ferry",
    "Date: Mon, 13 May 2024 09:01:03 +0000",
    "Message-ID: <report@journal.report.generator>",
    "X-MS-Journal-Report:",
    "MIME-Version: 1.0",
    'Content-Type: multipart/mixed; boundary="_r_"',
    "",
    "--_r_",
    'Content-Type: text/plain; charset="us-ascii"',
    "Content-Transfer-Encoding: 7bit",
    "",
    ...lines,
    "",
    "--_r_",
    "Content-Type: message/rfc822",
    "",
    inner,
    "--_r_--",
    "",
  ].join("\r\n");
}
