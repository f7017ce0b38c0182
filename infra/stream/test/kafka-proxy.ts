import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

const PRODUCE = 0;
const FETCH = 1;

/**
 * What is done to a request to append: `pass`; `lost`: the connection is cut before the broker has it; `kept`: the
 * broker has it, and the connection is cut instead of its answer; `torn`: in the middle of its answer; `mute`: no answer
 * comes, but the connection stays.
 */
export type Cut = "pass" | "lost" | "kept" | "torn" | "mute";

/** A TCP proxy in front of a broker that knows where requests and answers begin, and cuts as it is told. */
export class KafkaProxy {
  /** Asked for each request to append. */
  onProduce: () => Cut = () => "pass";
  /** Requests that were cut. */
  cuts = 0;
  /** Requests to read. */
  fetches = 0;
  /** Takes no connection while true. */
  isDown = false;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** The broker's port, once it is known. */
  #upstream = 0;

  constructor() {
    this.#server = createServer((client) => this.#serve(client));
  }

  /** @returns the port that it listens on, of 127.0.0.1 */
  async listen(): Promise<number> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return (this.#server.address() as AddressInfo).port;
  }

  passTo(port: number): void {
    this.#upstream = port;
  }

  /** Cuts every connection, and takes none until `isDown` is false again. */
  cutAll(): void {
    this.isDown = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, "close");
  }

  #serve(client: Socket): void {
    if (this.isDown) return void client.destroy();
    const broker = connect(this.#upstream, "127.0.0.1");
    const swallowed = new Map<number, Cut>();
    const cut = () => {
      for (const socket of [client, broker]) socket.destroy();
    };
    for (const socket of [client, broker]) {
      this.#sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        this.#sockets.delete(socket);
        cut();
      });
    }
    client.on(
      "data",
      frames((frame) => {
        if (frame.readInt16BE(4) === FETCH) this.fetches += 1;
        const fate = frame.readInt16BE(4) === PRODUCE ? this.onProduce() : "pass";
        if (fate !== "pass") this.cuts += 1;
        if (fate === "lost") return cut();
        if (fate !== "pass") swallowed.set(frame.readInt32BE(8), fate);
        broker.write(frame);
      }),
    );
    broker.on(
      "data",
      frames((frame) => {
        const fate = swallowed.get(frame.readInt32BE(4));
        if (fate === "kept") cut();
        else if (fate === "torn") client.write(frame.subarray(0, frame.length / 2), cut);
        else if (fate === undefined) client.write(frame);
      }),
    );
  }
}

/** Calls back with each whole frame: its length, 4 bytes, and so many more. */
function frames(use: (frame: Buffer) => void): (bytes: Buffer) => void {
  let held: Buffer = Buffer.alloc(0);
  return (bytes) => {
    held = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
    while (held.length >= 4 && held.length >= 4 + held.readInt32BE(0)) {
      const end = 4 + held.readInt32BE(0);
      use(held.subarray(0, end));
      held = held.subarray(end);
    }
  };
}
