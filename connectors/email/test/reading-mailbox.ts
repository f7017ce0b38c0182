import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Captured, Event } from "@daybook/contract";
import { RecordingSink } from "@daybook/contract/testing";
import { Imap, type ImapOptions } from "../src/index.ts";
import type { Dovecot } from "./dovecot.ts";

export const ANN = { id: "c1", name: "Ann Lee" };

export const until = async (isSo: () => boolean) => {
  while (!isSo()) await sleep(20);
};

export const mail = (n: number, more = "") =>
  `From: Bo <bo@example.net>\r\nTo: Ann <ann@example.org>\r\nSubject: ${n}\r\nMessage-ID: <${n}@example.net>\r\n\r\ntext ${n}${more}\r\n`;

/** The connector over one state, which is started again and again. */
export class Reading implements AsyncDisposable {
  readonly #dir = mkdtempSync(join(tmpdir(), "daybook-imap-"));
  readonly #key = randomBytes(32);
  readonly #dovecot: Dovecot;
  sink = new RecordingSink();
  connector: Imap | undefined;
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(dovecot: Dovecot) {
    this.#dovecot = dovecot;
  }

  start(options: Partial<ImapOptions["accounts"][number]> & Partial<ImapOptions> = {}): void {
    const silent = () => undefined;
    const {
      folders = [],
      port = this.#dovecot.port,
      signIn = this.#dovecot.account.signIn,
      ...more
    } = options;
    this.connector = new Imap({
      accounts: [{ ...this.#dovecot.account, custodian: ANN, folders, port, signIn }],
      stateFile: join(this.#dir, "imap.state"),
      key: this.#key,
      everyMs: 600_000,
      answerMs: 120_000,
      waits: { firstMs: 10, mostMs: 50 },
      log: { info: silent, warn: silent, error: silent },
      ...more,
    });
    this.#stop = new AbortController();
    this.#running = this.connector.run(this.sink, this.#stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** One whole visit by a connector of its own. */
  async visit(options: Parameters<Reading["start"]>[0] = {}): Promise<void> {
    this.start(options);
    await this.live();
    await this.stop();
  }

  live(): Promise<void> {
    return until(() => this.connector?.health()[0]?.status === "live");
  }

  captured(...kinds: Event["kind"][]): Captured[] {
    return this.sink.captured.filter(({ event: { kind } }) => kinds.includes(kind));
  }

  /** Message-IDs, one a record. */
  get messages(): (string | undefined)[] {
    const records = new Map(this.captured("message").map((one) => [one.eventId, one.event.networkId]));
    return [...records.values()].sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
