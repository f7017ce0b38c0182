import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import {
  decodePdu,
  encodePdu,
  Frames,
  type MessageBody,
  type Pdu,
  STATUS,
} from "../../connectors/sms/src/smpp/index.ts";

const NONE = Buffer.alloc(0);

type Answer = string | number | undefined;

/** PEM. */
interface Shown {
  readonly key: string;
  readonly certificate: string;
}

interface Bound {
  readonly socket: Socket;
  readonly waiting: Map<number, PromiseWithResolvers<number>>;
  sequence: number;
}

/** An SMSC that works: it keeps what it was given until an ESME takes it, as an aggregator does. */
export class Smsc {
  readonly #server: Server;
  readonly #bound = new Set<Bound>();
  readonly #sockets = new Set<Socket>();
  #changed: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #password: string;
  /** What binds are answered with. */
  bindStatus: number = STATUS.ok;
  /** Whether enquire_link and unbind are answered. */
  isSilent = false;
  /** How often an ESME bound. */
  binds = 0;
  /** How many came with whom no TLS could be spoken. */
  strangers = 0;
  /** Whatever ESMEs sent that is no answer, in order. */
  readonly received: Pdu[] = [];
  /** What submit_sm is answered with: an id, or a status; not at all with undefined. @param n from 1 */
  onSubmit: (body: MessageBody, n: number) => Answer | Promise<Answer> = (_body, n) => `id-${n}`;
  #submitted = 0;

  private constructor(password: string, tls: Shown | undefined) {
    this.#password = password;
    const serve = (socket: Socket) => void this.#serve(socket);
    this.#server = tls
      ? createTlsServer({ key: tls.key, cert: tls.certificate }, serve)
      : createServer(serve);
    // Who came with no TLS, or did not like the certificate.
    this.#server.on("tlsClientError", () => (this.strangers += 1));
  }

  /** @param of.tls over TLS, with this key and certificate */
  static async start({
    password = "secret",
    port = 0,
    tls,
  }: { password?: string; port?: number; tls?: Shown } = {}): Promise<Smsc> {
    const smsc = new Smsc(password, tls);
    await new Promise<void>((resolve) => smsc.#server.listen(port, "127.0.0.1", resolve));
    return smsc;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get isBound(): boolean {
    return this.#bound.size > 0;
  }

  /** Resolves once an ESME is bound. */
  async bound(): Promise<void> {
    while (this.#bound.size === 0) await this.#changed.promise;
  }

  /** Resolves once so many are. */
  async boundTimes(times: number): Promise<void> {
    while (this.binds < times || this.#bound.size === 0) await this.#changed.promise;
  }

  /** Delivers once. @returns the status that it was answered with; undefined where the session ended before */
  async deliver(body: MessageBody): Promise<number | undefined> {
    await this.bound();
    const to = [...this.#bound].at(-1)!;
    to.sequence += 1;
    const answer = Promise.withResolvers<number>();
    to.waiting.set(to.sequence, answer);
    to.socket.write(encodePdu({ command: "deliver_sm", status: 0, sequence: to.sequence, body }));
    return answer.promise.catch(() => undefined);
  }

  /** Delivers until it is taken, over as many sessions as it takes. */
  async store(body: MessageBody): Promise<void> {
    while ((await this.deliver(body)) !== STATUS.ok) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  /** Bodies of submit_sm, in order. */
  get submitted(): MessageBody[] {
    return this.received.flatMap((pdu) => (pdu.command === "submit_sm" ? [pdu.body] : []));
  }

  /** Writes bytes as they are, to the last that bound. */
  async write(bytes: Buffer): Promise<void> {
    await this.bound();
    [...this.#bound].at(-1)!.socket.write(bytes);
  }

  /** Ends every connection at once. */
  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.drop();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(socket: Socket): Promise<void> {
    const bound: Bound = { socket, waiting: new Map(), sequence: 0 };
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    const frames = new Frames();
    try {
      for await (const chunk of socket as AsyncIterable<Buffer>)
        for (const raw of frames.push(chunk)) this.#receive(bound, decodePdu(raw));
    } catch {
      // The connection is gone, or what came was no SMPP: it ends below.
    }
    socket.destroy();
    this.#sockets.delete(socket);
    this.#bound.delete(bound);
    for (const { reject } of bound.waiting.values()) reject(new Error("the session ended"));
    this.#tell();
  }

  #receive(bound: Bound, pdu: Pdu): void {
    const { sequence } = pdu;
    const answer = (of: Pdu) => bound.socket.write(encodePdu(of));
    switch (pdu.command) {
      case "bind_transmitter":
      case "bind_transceiver": {
        const isRight = pdu.body.password === this.#password;
        const status = isRight ? this.bindStatus : STATUS.invalidPassword;
        const body = status === STATUS.ok ? { systemId: "smsc", tlvs: [] } : undefined;
        answer({ command: `${pdu.command}_resp`, status, sequence, body });
        if (status !== STATUS.ok || pdu.command === "bind_transmitter") return;
        this.#bound.add(bound);
        this.binds += 1;
        return this.#tell();
      }
      case "deliver_sm_resp":
        bound.waiting.get(sequence)?.resolve(pdu.status);
        bound.waiting.delete(sequence);
        return;
      case "enquire_link":
        this.received.push(pdu);
        if (!this.isSilent) answer({ command: "enquire_link_resp", status: 0, sequence, body: NONE });
        return this.#tell();
      case "unbind":
        if (this.isSilent) return;
        answer({ command: "unbind_resp", status: 0, sequence, body: NONE });
        bound.socket.end();
        return;
      case "submit_sm": {
        this.received.push(pdu);
        this.#submitted += 1;
        void this.#submit(pdu.body, this.#submitted, sequence, answer);
        return this.#tell();
      }
      default:
        this.received.push(pdu);
        return this.#tell();
    }
  }

  async #submit(body: MessageBody, n: number, sequence: number, answer: (of: Pdu) => void): Promise<void> {
    const taken = await this.onSubmit(body, n);
    if (taken === undefined) return;
    const is = typeof taken === "string";
    answer({
      ...{ command: "submit_sm_resp", sequence, status: is ? STATUS.ok : taken },
      body: is ? { messageId: taken, tlvs: [] } : undefined,
    });
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
