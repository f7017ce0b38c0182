import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { type Engine, startEngine } from "./engine.ts";
import { freePorts } from "./free-port.ts";

/** A Redis that runs, in memory alone. */
export interface Redis extends Engine {
  readonly port: number;
}

/**
 * Starts Debian's `redis-server` on 127.0.0.1: what Jasmin needs beside its queue.
 *
 * @param dir for its log; it is there
 * @throws {Error} when it does not start, with the end of its log
 */
export async function startRedis(dir: string): Promise<Redis> {
  const [port = 0] = await freePorts(1);
  const engine = await startEngine({
    name: "redis",
    program: "redis-server",
    args: ["--bind", "127.0.0.1", "--port", String(port), "--save", "", "--dir", dir],
    log: join(dir, "redis.log"),
    ready: async () => {
      const socket = connect(port, "127.0.0.1");
      socket.end("PING\r\n");
      const [answer] = (await once(socket, "data")) as [Buffer];
      return answer.toString().startsWith("+PONG");
    },
  });
  return { ...engine, port };
}
