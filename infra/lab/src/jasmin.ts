import { execFile, execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { type Engine, startEngine } from "./engine.ts";
import { freePorts, isTaken } from "./free-port.ts";
import { tellJasmin } from "./jasmin-console.ts";
import { jasminSettings } from "./jasmin-settings.ts";
import { PYTHON_ENVIRONMENTS, pythonProgram } from "./python-install.ts";
import { RABBITMQ, startRabbitMq } from "./rabbitmq.ts";
import { startRedis } from "./redis.ts";

/** A Jasmin that runs: an SMS gateway that keeps what it was given on a queue of RabbitMQ's until it is taken. */
export interface Jasmin extends Engine {
  /** Of its SMPP server. */
  readonly port: number;
  readonly systemId: string;
  readonly password: string;
}

/** Its lock stands at a place that all on the machine have, and outlives it if it is killed. */
const START = `
import lockfile, runpy, sys
lock = lockfile.FileLock
lockfile.FileLock = lambda path: lock(sys.argv[1])
program = sys.argv[2]
sys.argv = sys.argv[2:]
runpy.run_path(program, run_name="__main__")
`;
/** Where its client's description of AMQP 0-9-1 is. */
const SPECIFICATION = `
import os, sys, txamqp
sys.stdout.write(os.path.join(os.path.dirname(txamqp.__file__), "specs/standard/amqp0-9-1.stripped.xml"))
`;
const USER = { systemId: "daybook", password: "secret" };

/** Whether this machine has it, RabbitMQ and Redis. */
export function hasJasmin(env?: NodeJS.ProcessEnv): boolean {
  if (program(env) === undefined || !existsSync(RABBITMQ)) return false;
  try {
    execFileSync("redis-server", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/**
 * Starts Jasmin with RabbitMQ and Redis on 127.0.0.1: whatever an SMSC delivers to it goes to who binds as `daybook`.
 *
 * @param options.dir for their files; made when it is not there
 * @param options.upstream the SMSC that it binds to
 * @param options.retryS after what was refused or lost, seconds until it delivers again
 * @param options.answerS until what has no answer is taken to be lost, seconds
 * @returns undefined where one of the three is not installed
 * @throws {Error} when one does not start, with the end of its log
 */
export async function startJasmin(options: {
  readonly dir: string;
  readonly upstream: { readonly port: number; readonly systemId: string; readonly password: string };
  readonly retryS: number;
  readonly answerS: number;
}): Promise<Jasmin | undefined> {
  const jasmind = program();
  if (jasmind === undefined || !hasJasmin()) return undefined;
  const { dir } = options;
  const home = join(dir, "jasmin");
  await mkdir(join(home, "store"), { recursive: true, mode: 0o700 });
  const started: Engine[] = [];
  const stop = async (signal?: NodeJS.Signals) => {
    for (const one of started.toReversed()) await one.stop(signal);
  };
  try {
    const [rabbitmq, redis] = await Promise.all([startRabbitMq(dir), startRedis(dir)]);
    started.push(rabbitmq, redis);
    const ports = await freePorts(5);
    const [port = 0, console = 0] = ports;
    const python = join(dirname(jasmind), "python");
    const { stdout: amqp } = await promisify(execFile)(python, ["-c", SPECIFICATION]);
    const file = join(home, "jasmin.cfg");
    const others = { amqp, rabbitmq: rabbitmq.port, redis: redis.port };
    await writeFile(file, jasminSettings({ ...options, ...others, ports }));
    const args = ["-c", START, join(home, "lock"), jasmind, "-c", file];
    const engine = await startEngine({
      name: "jasmin",
      program: python,
      args: [...args, "--disable-http-api", "--enable-deliver-thrower"],
      cwd: home,
      env: {
        ...process.env,
        ROOT_PATH: home,
        CONFIG_PATH: `${home}/`,
        LOG_PATH: home,
        STORE_PATH: `${home}/store/`,
      },
      log: join(dir, "jasmin.log"),
      ready: () => isTaken(console),
    });
    started.push(engine);
    const { upstream } = options;
    await tellJasmin(console, [
      ...["group -a", "gid officials", "ok"],
      ...[
        "user -a",
        "uid daybook",
        "gid officials",
        `username ${USER.systemId}`,
        `password ${USER.password}`,
        "ok",
      ],
      ...["smppccm -a", "cid upstream", "host 127.0.0.1", `port ${upstream.port}`],
      ...[
        `username ${upstream.systemId}`,
        `password ${upstream.password}`,
        "con_fail_delay 1",
        "con_loss_delay 1",
        "ok",
      ],
      ...["morouter -a", "type DefaultRoute", `connector smpps(${USER.systemId})`, "ok"],
      "smppccm -1 upstream",
    ]);
    return { ...engine, ...USER, port, stop };
  } catch (error) {
    await stop("SIGKILL");
    throw error;
  }
}

function program(env?: NodeJS.ProcessEnv): string | undefined {
  return pythonProgram("jasmind.py", env, PYTHON_ENVIRONMENTS.jasmin);
}
