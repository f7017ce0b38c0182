import type { Socket } from "node:net";
import {
  COMMAND,
  type Command,
  decodePdu,
  encodePdu,
  Frames,
  headerOf,
  type Pdu,
  RESPONSE,
  SmppError,
  STATUS,
} from "../smpp/index.ts";
import { connectTo } from "./connect.ts";
import { SessionError } from "./error.ts";
import type { SmppAccount, SmppHost } from "../options.ts";

const MAX_SEQUENCE = 0x7fff_ffff;
/** Of ours that the other side does not read: then it is gone. */
const MAX_UNREAD_BYTES = 4 * 1024 * 1024;
const VERSION = 0x34;
const NONE = Buffer.alloc(0);

export interface SessionOptions {
  /** Tells it from others. */
  readonly id: number;
  /** What it binds with: as a transceiver unless given. */
  readonly command?: "bind_transceiver" | "bind_transmitter";
  readonly answerMs: number;
  /** A deliver_sm or data_sm, as it came. The next is read once it resolves. @param answer sends the answer, once */
  readonly onMessage: (raw: Buffer, answer: (status: number) => number | undefined) => Promise<void>;
}

/** A request and its answer, with their bytes. */
export interface Exchanged {
  readonly sent: Buffer;
  readonly received: Buffer;
  readonly answer: Pdu;
}

interface Waiting {
  readonly sent: Buffer;
  readonly done: PromiseWithResolvers<Exchanged>;
  readonly timer: NodeJS.Timeout;
}

/**
 * One bound connection. Whatever goes wrong in reading ends it: a session that is open and deaf would lose everything. It
 * is bound again by whoever opened it.
 */
export class SmppSession {
  readonly id: number;
  readonly #socket: Socket;
  readonly #options: SessionOptions;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: PromiseWithResolvers<SessionError> = Promise.withResolvers();
  #sequence = 0;
  #answered = 0;
  #isOpen = true;
  #isStopping = false;

  private constructor(socket: Socket, options: SessionOptions) {
    this.id = options.id;
    this.#socket = socket;
    this.#options = options;
    void this.#read();
  }

  /**
   * Connects and binds.
   *
   * @throws {SessionError} `unreachable`, `refused`, `silent`, `framing`
   */
  static async open(
    host: SmppHost,
    { systemId, password, systemType }: Pick<SmppAccount, "systemId" | "password" | "systemType">,
    options: SessionOptions,
    signal: AbortSignal,
  ): Promise<SmppSession> {
    const socket = await connectTo(host, options.answerMs, signal);
    const session = new SmppSession(socket, options);
    const { command = "bind_transceiver" } = options;
    try {
      const answer = await session.request({
        command,
        body: {
          systemId,
          password: password(),
          systemType,
          interfaceVersion: VERSION,
          range: { ton: 0, npi: 0, address: "" },
        },
      });
      if (answer.status !== STATUS.ok || answer.command !== `${command}_resp`)
        throw new SessionError("refused", "the bind was refused", { status: answer.status });
      return session;
    } catch (cause) {
      const error = asSessionError(cause);
      session.#end(error);
      throw error;
    }
  }

  /** Resolves with why, once it has ended. */
  get ended(): Promise<SessionError> {
    return this.#ended.promise;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether it is neither ended nor about to. */
  get takesRequests(): boolean {
    return this.#isOpen && !this.#isStopping;
  }

  /** How many messages it has answered. */
  get answered(): number {
    return this.#answered;
  }

  /**
   * Sends a request, and resolves with its answer, whatever that says. What the other side has read before the answer, it
   * has read in order: our answers to its own requests too.
   *
   * @throws {SessionError} when the session ends before: nobody knows then what became of it
   */
  async request(command: Command): Promise<Pdu> {
    return (await this.exchange(command)).answer;
  }

  /** As `request`. @throws {SessionError} as that; where it takes requests, nobody knows what became of it */
  async exchange(command: Command): Promise<Exchanged> {
    if (!this.#isOpen) throw new SessionError("unreachable", "the session has ended");
    this.#sequence = this.#sequence >= MAX_SEQUENCE ? 1 : this.#sequence + 1;
    const sequence = this.#sequence;
    const timer = setTimeout(
      () => this.#end(new SessionError("silent", "the other side does not answer")),
      this.#options.answerMs,
    );
    const done = Promise.withResolvers<Exchanged>();
    const sent = encodePdu({ ...command, status: STATUS.ok, sequence });
    this.#waiting.set(sequence, { sent, done, timer });
    this.#write(sent);
    return done.promise;
  }

  /** Asks whether the other side is there. */
  async enquire(): Promise<void> {
    await this.request({ command: "enquire_link", body: NONE });
  }

  /** Hears no more messages from now on: what comes is not answered, and so comes again. Nor is it to be sent any. */
  stopHearing(): void {
    this.#isStopping = true;
  }

  /** Ends it in good order. @returns whether the other side has had every answer */
  async unbind(): Promise<boolean> {
    let isAnswered = false;
    try {
      await this.request({ command: "unbind", body: NONE });
      isAnswered = true;
    } catch (cause) {
      asSessionError(cause);
    }
    this.#end(new SessionError("unbound", "unbound by us"));
    return isAnswered;
  }

  async #read(): Promise<void> {
    const frames = new Frames();
    try {
      for await (const chunk of this.#socket as AsyncIterable<Buffer>)
        for (const pdu of frames.push(chunk)) await this.#receive(pdu);
      this.#end(new SessionError("unreachable", "the connection was closed"));
    } catch (cause) {
      this.#end(asSessionError(cause));
    }
  }

  async #receive(raw: Buffer): Promise<void> {
    const { commandId, sequence } = headerOf(raw);
    if ((commandId & RESPONSE) !== 0) return this.#answeredBy(raw, sequence);
    switch (commandId) {
      case COMMAND.deliver_sm:
      case COMMAND.data_sm:
        if (!this.#isStopping) await this.#options.onMessage(raw, this.#answerTo(commandId, sequence));
        return;
      case COMMAND.enquire_link:
        return this.#send({ command: "enquire_link_resp", status: STATUS.ok, sequence, body: NONE });
      case COMMAND.unbind:
        this.#send({ command: "unbind_resp", status: STATUS.ok, sequence, body: NONE });
        return this.#end(new SessionError("unbound", "unbound by the other side"));
      case COMMAND.alert_notification:
        return;
      default:
        this.#send({ command: "generic_nack", status: STATUS.invalidCommandId, sequence, body: NONE });
    }
  }

  /** An answer that nobody waits for is left alone. @throws {SmppError} for one that cannot be read */
  #answeredBy(raw: Buffer, sequence: number): void {
    const waiting = this.#waiting.get(sequence);
    if (!waiting) return;
    const answer = decodePdu(raw);
    this.#waiting.delete(sequence);
    clearTimeout(waiting.timer);
    waiting.done.resolve({ sent: waiting.sent, received: raw, answer });
  }

  #answerTo(commandId: number, sequence: number) {
    const command = commandId === COMMAND.data_sm ? "data_sm_resp" : "deliver_sm_resp";
    return (status: number): number | undefined => {
      if (!this.#isOpen) return undefined;
      this.#send({ command, status, sequence, body: { messageId: "", tlvs: [] } });
      this.#answered += 1;
      return this.#answered;
    };
  }

  #send(pdu: Pdu): void {
    if (this.#isOpen) this.#write(encodePdu(pdu));
  }

  #write(pdu: Buffer): void {
    this.#socket.write(pdu);
    if (this.#socket.writableLength > MAX_UNREAD_BYTES)
      this.#end(new SessionError("silent", "the other side does not read"));
  }

  #end(error: SessionError): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#socket.end();
    this.#socket.destroySoon();
    for (const { done, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      done.reject(error);
    }
    this.#waiting.clear();
    this.#ended.resolve(error);
  }
}

function asSessionError(cause: unknown): SessionError {
  if (cause instanceof SessionError) return cause;
  if (cause instanceof SmppError) return new SessionError("framing", "what came is no SMPP", { cause });
  return new SessionError("unreachable", "the connection was lost", { cause });
}
