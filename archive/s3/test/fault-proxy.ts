import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/**
 * `lost`: the request never reaches the store. `kept`: it does, and its answer never comes back. `cut`: half of
 * the answer's body comes back. `silent`: nothing ever does. Or an answer in the store's place.
 */
export type Fault = "lost" | "kept" | "cut" | "silent" | { readonly status: number; readonly code: string };

/** Stands between a client and a store on this machine, and misbehaves as planned. */
export class FaultProxy {
  readonly #upstream: URL;
  readonly #planned: { on: RegExp; fault: Fault }[] = [];
  readonly #server: Server;
  /** What came by: `METHOD /bucket/key?query`. */
  readonly requests: string[] = [];

  private constructor(upstream: string) {
    this.#upstream = new URL(upstream);
    this.#server = createServer((incoming, answer) => {
      this.#pass(incoming, answer).catch(() => incoming.socket.destroy());
    });
  }

  static async open(upstream: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(upstream);
    await once(proxy.#server.listen(0, "127.0.0.1"), "listening");
    return proxy;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Plans what happens to the coming requests that match, in order. */
  fail(on: RegExp, ...faults: readonly Fault[]): void {
    this.#planned.push(...faults.map((fault) => ({ on, fault })));
  }

  /** Planned faults that have not happened. */
  get pending(): number {
    return this.#planned.length;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    if (this.#server.listening) await once(this.#server, "close");
  }

  async #pass(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { method, url = "/" } = incoming;
    const line = `${method} ${url}`;
    this.requests.push(line);
    const next = this.#planned.findIndex(({ on }) => on.test(line));
    const fault = next === -1 ? undefined : this.#planned.splice(next, 1)[0]!.fault;
    const body = await buffer(incoming);
    if (fault === "silent") return;
    if (fault === "lost") return void incoming.socket.destroy();
    if (typeof fault === "object") {
      answer.writeHead(fault.status, { "content-type": "application/xml" });
      if (fault.status === 200) return void answer.end();
      return void answer.end(`<Error><Code>${fault.code}</Code><Message>secret words</Message></Error>`);
    }
    const { expect: _expect, ...headers } = incoming.headers;
    const { hostname, port } = this.#upstream;
    const passing = request({ hostname, port, method, path: url, headers, agent: false });
    passing.end(body);
    const [passed] = (await once(passing, "response")) as [IncomingMessage];
    const content = await buffer(passed);
    if (fault === "kept") return void incoming.socket.destroy();
    answer.writeHead(passed.statusCode!, passed.rawHeaders);
    if (fault !== "cut") return void answer.end(content);
    answer.write(content.subarray(0, content.length / 2), () => incoming.socket.destroy());
  }
}
