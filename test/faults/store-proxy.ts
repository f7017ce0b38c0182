import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Agent, createServer, request, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import type { Certified } from "@daybook/lab";
import { random, type Random } from "../fuzz/random.ts";

/** How a store misbehaves. `share`: of its requests, in percent. */
export type StoreFault =
  | { readonly kind: "store-503" | "store-cut" | "store-lost-answer"; readonly share: number }
  | { readonly kind: "store-slow"; readonly delayMs: number };

/** A request to the store, on its way there or done. */
export interface Passing {
  /** Whose it is: an access key. */
  readonly identity: string;
  readonly method: string;
  /** The bucket's name first. */
  readonly path: string;
  /** Whether the store has done it, and nobody has heard so. */
  readonly isDone: boolean;
}

/** Holds a request until it resolves. @returns whether to let it go on; otherwise its connection ends */
export type Interrupt = (passing: Passing) => Promise<boolean>;

/** Speaks for a store over TLS and misbehaves when told to. Bodies are held in memory: of segments, not of videos. */
export class StoreProxy {
  readonly #server: Server;
  readonly #upstream: URL;
  readonly #agent: Agent;
  readonly #dice: Random;
  readonly #faults = new Map<string, StoreFault>();
  /** How often it misbehaved, by fault. */
  readonly done = new Map<string, number>();
  /** Asked of each request twice, while there is one. */
  interrupt: Interrupt | undefined;

  private constructor(of: { endpoint: string; certified: Certified; ca: string; seed: string }) {
    this.#upstream = new URL(of.endpoint);
    this.#agent = new Agent({ keepAlive: true, ca: of.ca });
    this.#dice = random(`store ${of.seed}`);
    this.#server = createServer(
      { key: of.certified.key, cert: of.certified.certificate },
      (incoming, answer) => {
        this.#pass(incoming, answer).catch(() => incoming.socket.destroy());
      },
    );
  }

  /** @param of.certified what it shows to those who connect @param of.ca vouches for the store */
  static async open(of: {
    endpoint: string;
    certified: Certified;
    ca: string;
    seed: string;
  }): Promise<StoreProxy> {
    const proxy = new StoreProxy(of);
    await once(proxy.#server.listen(0, "127.0.0.1"), "listening");
    return proxy;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  spoil(fault: StoreFault): void {
    this.#faults.set(fault.kind, fault);
  }

  heal(kind: StoreFault["kind"]): void {
    this.#faults.delete(kind);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    this.#agent.destroy();
    await once(this.#server, "close");
  }

  async #pass(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const body = await buffer(incoming);
    const fault = this.#next();
    if (fault) this.done.set(fault.kind, (this.done.get(fault.kind) ?? 0) + 1);
    if (fault?.kind === "store-slow") await sleep(fault.delayMs);
    if (fault?.kind === "store-503") {
      answer.writeHead(503, { "content-type": "application/xml" });
      return void answer.end(
        "<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>",
      );
    }
    const { method, url: path } = incoming;
    const passes = async (isDone: boolean) => (await this.interrupt?.(passingOf(incoming, isDone))) ?? true;
    if (!(await passes(false))) return void incoming.socket.destroy();
    const { expect: _expect, ...headers } = incoming.headers;
    const { hostname, port } = this.#upstream;
    const passing = request({ hostname, port, method, path, headers, agent: this.#agent });
    // A store that answers before it has read everything may hang up while the rest is sent: its answer stands.
    passing.on("error", () => undefined);
    passing.end(body);
    const [passed] = (await once(passing, "response")) as [IncomingMessage];
    const content = await buffer(passed);
    if (!(await passes(true))) return void incoming.socket.destroy();
    if (fault?.kind === "store-lost-answer") return void incoming.socket.destroy();
    answer.writeHead(passed.statusCode!, passed.rawHeaders);
    if (fault?.kind !== "store-cut" || content.length === 0) return void answer.end(content);
    answer.write(content.subarray(0, content.length / 2), () => incoming.socket.destroy());
  }

  #next(): StoreFault | undefined {
    for (const fault of this.#faults.values()) {
      if (fault.kind === "store-slow" || this.#dice.below(100) < fault.share) return fault;
    }
    return undefined;
  }
}

function passingOf({ method = "", url = "", headers }: IncomingMessage, isDone: boolean): Passing {
  const identity = /Credential=([^/]+)\//.exec(headers.authorization ?? "")?.[1] ?? "";
  return { identity, method, path: url.split("?")[0]!, isDone };
}
