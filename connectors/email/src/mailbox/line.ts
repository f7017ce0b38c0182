import { setTimeout as sleep } from "node:timers/promises";
import { ConnectorError } from "@daybook/contract";
import { ImapFlow } from "imapflow";
import { WebRefusal } from "../oauth/web.ts";
import type { ImapAccount } from "./options.ts";

const MIB = 1024 * 1024;
/** A line of 32 MiB tells of some four million messages. */
const MAX_LINE_BYTES = 32 * MIB;
const MAX_TOKENS = 200_000;
const MAX_FOLDERS = 1_000;
const TAKES_TOKENS = ["AUTH=OAUTHBEARER", "AUTH=XOAUTH2"];
/** RFC 6154: what is written there is not sent yet, and what comes there is nobody's correspondence. */
const NOT_CORRESPONDENCE = new Set(["\\Drafts", "\\Junk"]);

export interface ListedFolder {
  readonly path: string;
  /** Not drafts, and not junk. */
  readonly isCorrespondence: boolean;
}

export interface FolderState {
  readonly uidValidity: string;
  readonly next: number;
  readonly exists: number;
}

export interface Fetched {
  readonly uid: number;
  readonly bytes: Buffer;
  readonly receivedAt: Date | undefined;
}

/** What the server does not hand over, whatever the line. */
export class Refused extends Error {
  override readonly name = "Refused";
}

/**
 * A connection to an IMAP server, over TLS alone (RFC 9051, RFC 8314), that only reads: folders are opened by EXAMINE and
 * messages fetched by PEEK, so that nobody sees that they were read. Each answer has a clock of our own: a line that is dead and
 * looks alive is found out by that.
 */
export class Line implements Disposable {
  readonly #client: ImapFlow;
  readonly #answerMs: number;
  readonly #closed: Promise<void>;
  /** Of folders, as the server told of them unasked. */
  #changes = 0;
  /** Those that a listing or an opening came after. */
  #seen = 0;
  #tell = () => {};

  private constructor(client: ImapFlow, answerMs: number) {
    this.#client = client;
    this.#answerMs = answerMs;
    this.#closed = new Promise((resolve) => client.once("close", resolve));
    const changed = () => {
      this.#changes += 1;
      this.#tell();
    };
    client.on("exists", changed).on("expunge", changed);
  }

  /**
   * @param maxBytes of one message
   * @throws {ConnectorError} `network-unavailable`; `link-refused` where the server refuses whom it is opened for, or no token is given
   */
  static async open(
    account: ImapAccount,
    limits: { readonly answerMs: number; readonly maxBytes: number },
    signal: AbortSignal,
  ): Promise<Line> {
    const { signIn } = account;
    if ("password" in signIn) return Line.#openWith({ pass: signIn.password() }, account, limits);
    const isRefusal = (cause: unknown) => cause instanceof ConnectorError && cause.code === "link-refused";
    try {
      const open = (accessToken: string) => Line.#openWith({ accessToken }, account, limits);
      return await signIn.tokens.using(open, isRefusal, signal);
    } catch (cause) {
      if (!(cause instanceof WebRefusal)) throw cause;
      const code = cause.isOfCredentials ? "link-refused" : "network-unavailable";
      throw new ConnectorError(code, cause.message, { cause });
    }
  }

  static async #openWith(
    secret: { readonly pass: string } | { readonly accessToken: string },
    { host, port, user, ca }: ImapAccount,
    { answerMs, maxBytes }: { readonly answerMs: number; readonly maxBytes: number },
  ): Promise<Line> {
    const client = new ImapFlow({
      ...{ host, port, secure: true, logger: false, disableAutoIdle: true },
      auth: { user, ...secret },
      tls: { minVersion: "TLSv1.2", rejectUnauthorized: true, ...(ca !== undefined && { ca }) },
      clientInfo: { name: "Daybook" },
      connectionTimeout: answerMs,
      greetingTimeout: answerMs,
      socketTimeout: answerMs * 10,
      maxLineLength: MAX_LINE_BYTES,
      maxLiteralSize: maxBytes + MIB,
      maxResponseSize: maxBytes + 2 * MAX_LINE_BYTES,
      maxResponseTokens: MAX_TOKENS,
    });
    // Whoever waits for an answer is told: this is told besides.
    client.on("error", () => undefined);
    const line = new Line(client, answerMs);
    try {
      await line.#answered(client.connect(), answerMs * 2);
    } catch (error) {
      client.close();
      if ("accessToken" in secret && takesNoTokens(client))
        throw new ConnectorError("link-refused", "the IMAP server takes no tokens");
      throw error;
    }
    return line;
  }

  /** The folders that can be opened. */
  async folders(): Promise<ListedFolder[]> {
    const listed = await this.#answered(this.#client.list());
    return listed
      .filter(({ flags }) => !flags.has("\\Noselect") && !flags.has("\\NonExistent"))
      .slice(0, MAX_FOLDERS)
      .map(({ path, specialUse = "" }) => ({ path, isCorrespondence: !NOT_CORRESPONDENCE.has(specialUse) }));
  }

  /** Opens a folder, to read. @throws {Refused} where there is none of that name */
  async examine(folder: string): Promise<FolderState> {
    const { uidValidity, uidNext, exists } = await this.#answered(
      this.#client.mailboxOpen(folder, { readOnly: true }),
    );
    this.#seen = this.#changes;
    return { uidValidity: String(uidValidity), next: uidNext || 0, exists };
  }

  /** UIDs of all messages of the folder that is open, in order. */
  async uids(): Promise<number[]> {
    this.#seen = this.#changes;
    const found = await this.#answered(this.#client.search({ all: true }, { uid: true }));
    if (!Array.isArray(found)) throw new Refused("the server does not list a folder");
    return found.sort((a, b) => a - b);
  }

  /** Sizes as the server states them, in bytes. A message that is not there any more is not among them. */
  async sizes(uids: readonly number[]): Promise<Map<number, number>> {
    const found = await this.#answered(this.#client.fetchAll(uids.join(","), { size: true }, { uid: true }));
    return new Map(found.map(({ uid, size = 0 }) => [uid, size]));
  }

  /** Messages, byte for byte. One that is not there any more is not among them. @throws {Refused} */
  async fetch(uids: readonly number[]): Promise<Fetched[]> {
    const query = { source: true, internalDate: true };
    const found = await this.#answered(
      this.#client.fetchAll(uids.join(","), query, { uid: true }),
      this.#answerMs * 10,
    );
    return found.flatMap(({ uid, source, internalDate }) => {
      if (!source) return [];
      const receivedAt = internalDate === undefined ? undefined : new Date(internalDate);
      const isTime = receivedAt !== undefined && !Number.isNaN(receivedAt.getTime());
      return [{ uid, bytes: source, receivedAt: isTime ? receivedAt : undefined }];
    });
  }

  /**
   * Resolves when something happened in the folder that is open since it was listed, or so much time passed, and the server has
   * answered since.
   *
   * @throws {ConnectorError} `network-unavailable` where it does not answer
   */
  async hear(ms: number, signal: AbortSignal): Promise<void> {
    const heard = new Promise<void>((resolve) => {
      this.#tell = resolve;
    });
    if (this.#changes !== this.#seen) return;
    const waited = new AbortController();
    const until = AbortSignal.any([signal, waited.signal]);
    const idle = this.#client.idle().then(
      () => undefined,
      () => undefined,
    );
    const pause = sleep(ms, undefined, { signal: until }).catch(() => undefined);
    await Promise.race([heard, this.#closed, pause]);
    waited.abort();
    if (signal.aborted) return;
    await this.#answered(this.#client.noop());
    await this.#answered(idle);
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  async #answered<T>(answer: Promise<T>, ms = this.#answerMs): Promise<T> {
    const waited = new AbortController();
    const late = sleep(ms, undefined, { signal: waited.signal }).then(
      () => Promise.reject(new ConnectorError("network-unavailable", "the IMAP server does not answer")),
      () => new Promise<never>(() => undefined),
    );
    try {
      const answered = await Promise.race([answer, late]);
      if (this.#client.usable) return answered;
      throw new ConnectorError("network-unavailable", "the IMAP server closed the line");
    } catch (error) {
      if (error instanceof ConnectorError) {
        this.#client.close();
        throw error;
      }
      throw this.#ours(error);
    } finally {
      waited.abort();
    }
  }

  /** Without what the server said: that may name people. */
  #ours(error: unknown): Error {
    const { authenticationFailed, responseStatus, serverResponseCode } = error as {
      readonly authenticationFailed?: boolean;
      readonly responseStatus?: string;
      readonly serverResponseCode?: string;
    };
    // RFC 5530: that is of the server's own trouble.
    if (authenticationFailed && serverResponseCode !== "UNAVAILABLE")
      return new ConnectorError("link-refused", "the IMAP server refuses the user, or what vouches for it");
    if (responseStatus === "NO" && this.#client.usable) return new Refused("the server refused");
    return new ConnectorError("network-unavailable", "the line to the IMAP server broke off");
  }
}

/** Whether it said, before anybody signed in, what it takes, and none of that is a token. */
function takesNoTokens({ authenticated, capabilities }: ImapFlow): boolean {
  return !authenticated && capabilities.size > 0 && !TAKES_TOKENS.some((one) => capabilities.has(one));
}
