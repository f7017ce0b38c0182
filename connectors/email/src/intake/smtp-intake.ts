import type { TLSSocket } from "node:tls";
import type { Log } from "@daybook/keeping";
import {
  SMTPServer,
  type SMTPServerDataStream,
  type SMTPServerOptions,
  type SMTPServerSession,
} from "smtp-server";
import { type Sources, Trust } from "./trust.ts";

/** One message as a mail server handed it over. */
export interface Incoming {
  /** Of the envelope; empty for what is sent back or by a program. */
  readonly from: string;
  readonly to: readonly string[];
  readonly bytes: Buffer;
  readonly receivedAt: Date;
}

export interface IntakeTls {
  readonly certificate: string;
  readonly key: string;
  /** PEM of the authority that signs clients' certificates. */
  readonly clientAuthority?: string | undefined;
}

export interface IntakeOptions {
  readonly at: { readonly host: string; readonly port: number };
  /** Without it nothing is encrypted: for a mail server on the same machine alone. */
  readonly tls?: IntakeTls | undefined;
  readonly sources: Sources;
  /** Whether there is such a recipient: in lower case. */
  readonly hasRecipient: (address: string) => boolean;
  /** Of one message. */
  readonly maxBytes: number;
  /** Of all messages that are on their way at once. */
  readonly maxBytesUnderWay: number;
  /** Resolves once it is durable, with what the sender's log shall show. */
  readonly deliver: (incoming: Incoming) => Promise<string>;
  /** A message was refused for its size. Resolves once that is durable. */
  readonly tooLarge: (of: { from: string; sizeBytes: number; at: Date }) => Promise<void>;
  readonly log: Log;
  readonly now: () => Date;
}

const MAX_CLIENTS = 200;
const IDLE_MS = 5 * 60_000;
const CLOSE_MS = 5_000;

class Answer extends Error {
  override readonly name = "Answer";
  readonly responseCode: number;

  constructor(responseCode: number, message: string) {
    super(message);
    this.responseCode = responseCode;
  }
}

const NOT_NOW = () => new Answer(451, "4.3.1 cannot be kept now: send it again");
const TOO_LARGE = (most: number) => new Answer(552, `5.3.4 larger than ${most} bytes`);

/**
 * Takes mail by SMTP (RFC 5321). 250 is answered once a message is durable, and 451 where it is not; nothing that a
 * message holds is ever answered with 5xx, only its size. Who may not send, and to whom, is told before DATA.
 */
export class SmtpIntake {
  readonly #options: IntakeOptions;
  readonly #trust: Trust;
  readonly #server: SMTPServer;
  readonly #certified = new WeakSet<SMTPServerSession>();
  #bytesUnderWay = 0;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#trust = new Trust(options.sources);
    this.#server = new SMTPServer(this.#settings());
    // A client that breaks off is no fault of ours; that the port is taken, `listen` says.
    this.#server.on("error", () => {
      if (this.#server.server.listening) options.log.warn({}, "a connection of a mail server broke off");
    });
  }

  /** Resolves with the port, once it is open. Rejects where the address is taken. */
  async listen(): Promise<number> {
    const { host, port } = this.#options.at;
    const opened = Promise.withResolvers<number>();
    const { server } = this.#server;
    server.once("error", opened.reject);
    this.#server.listen(port, host, () => {
      const address = server.address();
      opened.resolve(typeof address === "object" && address ? address.port : port);
    });
    return opened.promise.finally(() => server.off("error", opened.reject));
  }

  /** Resolves when nobody is connected any more; what was not answered comes again. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #settings(): SMTPServerOptions {
    const { tls, sources, maxBytes } = this.#options;
    return {
      secure: false,
      ...(tls && { key: tls.key, cert: tls.certificate, minVersion: "TLSv1.2" }),
      ...(tls?.clientAuthority !== undefined && { ca: tls.clientAuthority }),
      // Judged by `Trust`: a client without a certificate may still come from a known address.
      requestCert: sources.names.length > 0,
      rejectUnauthorized: false,
      authOptional: true,
      disabledCommands: ["AUTH", ...(tls ? [] : ["STARTTLS"])],
      disableReverseLookup: true,
      maxClients: MAX_CLIENTS,
      socketTimeout: IDLE_MS,
      closeTimeout: CLOSE_MS,
      banner: "Daybook",
      size: maxBytes,
      // The server would refuse a declared size by itself, and nobody would learn of it.
      hideSize: true,
      logger: false,
      onSecure: (socket, session, done) => {
        if (this.#trust.hasCertificate(socket as TLSSocket)) this.#certified.add(session);
        done();
      },
      onMailFrom: (address, session, done) => {
        void this.#mailFrom(address.address, address.args, session).then(done, () => done(NOT_NOW()));
      },
      onRcptTo: (address, _session, done) => {
        const isKnown = this.#options.hasRecipient(address.address.toLowerCase());
        done(isKnown ? undefined : new Answer(550, "5.1.1 no such recipient"));
      },
      onData: (stream, session, done) => {
        void this.#data(stream, session).then(
          (answer) => done(null, answer),
          (error: unknown) => done(error instanceof Answer ? error : NOT_NOW()),
        );
      },
    };
  }

  /** @returns why it is refused */
  async #mailFrom(
    from: string,
    args: Readonly<Record<string, string | true>> | false,
    session: SMTPServerSession,
  ): Promise<Answer | undefined> {
    const { tls, maxBytes, maxBytesUnderWay, tooLarge, now } = this.#options;
    if (tls && !session.secure) return new Answer(530, "5.7.0 STARTTLS first");
    if (!this.#certified.has(session) && !this.#trust.hasAddress(session.remoteAddress))
      return new Answer(550, "5.7.1 not a source of mail that is known here");
    const declared = Number(args ? (args.SIZE ?? 0) : 0);
    if (declared > maxBytes) {
      await tooLarge({ from, sizeBytes: declared, at: now() });
      return TOO_LARGE(maxBytes);
    }
    return this.#bytesUnderWay + declared > maxBytesUnderWay ? NOT_NOW() : undefined;
  }

  async #data(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<string> {
    const { maxBytes, maxBytesUnderWay, deliver, tooLarge, now } = this.#options;
    const { mailFrom, rcptTo } = session.envelope;
    const from = mailFrom ? mailFrom.address : "";
    const receivedAt = now();
    const parts: Buffer[] = [];
    let sizeBytes = 0;
    let held = 0;
    let isCrowded = false;
    const letGo = () => {
      this.#bytesUnderWay -= held;
      held = 0;
      parts.length = 0;
    };
    try {
      // Rejects when the client vanishes: then nobody is there to be answered.
      for await (const part of stream as AsyncIterable<Buffer>) {
        sizeBytes += part.length;
        isCrowded ||= this.#bytesUnderWay + part.length > maxBytesUnderWay;
        // All of it is read to its end: an answer in the midst of DATA would not be heard.
        if (isCrowded || sizeBytes > maxBytes) letGo();
        else {
          parts.push(part);
          held += part.length;
          this.#bytesUnderWay += part.length;
        }
      }
      if (sizeBytes > maxBytes) {
        await tooLarge({ from, sizeBytes, at: receivedAt });
        throw TOO_LARGE(maxBytes);
      }
      if (isCrowded) throw NOT_NOW();
      const to = rcptTo.map(({ address }) => address.toLowerCase());
      return await deliver({ from, to, bytes: Buffer.concat(parts), receivedAt });
    } finally {
      letGo();
    }
  }
}
