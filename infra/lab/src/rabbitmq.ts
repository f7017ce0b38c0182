import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { type Engine, startEngine } from "./engine.ts";
import { freePorts, isTaken } from "./free-port.ts";

/** Debian's: the command on the path would change its user. */
export const RABBITMQ = "/usr/lib/rabbitmq/bin/rabbitmq-server";

/** A RabbitMQ that runs, with the user `guest`. */
export interface RabbitMq extends Engine {
  readonly port: number;
}

/**
 * Starts RabbitMQ on 127.0.0.1, with a port mapper of its own, so that nothing outlives it.
 *
 * @param dir for its files; it is there
 * @throws {Error} when it does not start, with the end of its log
 */
export async function startRabbitMq(dir: string): Promise<RabbitMq> {
  const [port = 0, mapper = 0, distribution = 0] = await freePorts(3);
  const home = join(dir, "rabbitmq");
  await mkdir(home, { recursive: true, mode: 0o700 });
  const settings = join(home, "rabbitmq.conf");
  await writeFile(settings, `listeners.tcp.1 = 127.0.0.1:${port}\n`);
  const epmd = await startEngine({
    name: "epmd",
    program: "epmd",
    args: ["-port", String(mapper), "-address", "127.0.0.1"],
    log: join(dir, "epmd.log"),
    ready: () => isTaken(mapper),
  });
  try {
    const engine = await startEngine({
      name: "rabbitmq",
      program: RABBITMQ,
      args: [],
      cwd: home,
      env: {
        ...process.env,
        HOME: home,
        ERL_EPMD_ADDRESS: "127.0.0.1",
        ERL_EPMD_PORT: String(mapper),
        RABBITMQ_CONF_ENV_FILE: "/dev/null",
        RABBITMQ_CONFIG_FILE: settings,
        RABBITMQ_DIST_PORT: String(distribution),
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "-kernel inet_dist_use_interface {127,0,0,1}",
        RABBITMQ_ENABLED_PLUGINS_FILE: join(home, "plugins"),
        RABBITMQ_LOG_BASE: home,
        RABBITMQ_MNESIA_BASE: join(home, "mnesia"),
        RABBITMQ_NODENAME: `lab-${port}@localhost`,
      },
      log: join(dir, "rabbitmq.log"),
      ready: () => greets(port),
    });
    return {
      ...engine,
      port,
      async stop(signal) {
        await engine.stop(signal);
        await epmd.stop(signal);
      },
    };
  } catch (error) {
    await epmd.stop("SIGKILL");
    throw error;
  }
}

/** It answers a header of AMQP 0-9-1 with its first method. */
async function greets(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    socket.write(Buffer.from([0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1]));
    const [answer] = (await once(socket, "data")) as [Buffer];
    return answer[0] === 1;
  } finally {
    socket.destroy();
  }
}
