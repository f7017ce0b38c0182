import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** A request is refused, by a code or words of the provider's own where they are given. */
export interface Refusal {
  readonly status: number;
  readonly retryAfterSeconds?: number;
  readonly code?: number | string;
}

/** What happens to a request of any API. `lost`: it is not done, and nothing is answered. */
export type ApiFault = Refusal | "lost";

/** A provider's API, on a port of this machine. `Fault` is what may happen to the coming requests besides, in order. */
export abstract class FakeApi<Fault = never> {
  readonly faults: (Fault | ApiFault)[] = [];
  readonly #server: Server;

  protected constructor() {
    this.#server = createServer((request, response) => {
      const url = new URL(request.url ?? "/", this.url);
      text(request).then(
        (body) => this.answer(url, { request, body }, response),
        () => response.destroy(),
      );
    });
  }

  protected async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  protected abstract answer(
    url: URL,
    asked: { readonly request: IncomingMessage; readonly body: string },
    response: ServerResponse,
  ): void;

  /**
   * Has the next fault happen, where it is one of any API's.
   *
   * @param refuse answers as this API refuses @returns whether there is nothing left to answer
   */
  protected fails(
    response: ServerResponse,
    refuse: (of: Refusal, headers: Readonly<Record<string, string>>) => void,
  ): boolean {
    const fault: unknown = this.faults[0];
    if (fault !== "lost" && !isRefusal(fault)) return false;
    this.faults.shift();
    if (fault === "lost") response.destroy();
    else {
      const { retryAfterSeconds: wait } = fault;
      refuse(fault, wait === undefined ? {} : { "retry-after": String(wait) });
    }
    return true;
  }
}

export function json(
  response: ServerResponse,
  status: number,
  value: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));
}

export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

function isRefusal(fault: unknown): fault is Refusal {
  return typeof fault === "object" && fault !== null && "status" in fault;
}
