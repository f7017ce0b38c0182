import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Engine } from "./engine.ts";
import { startKafka } from "./kafka.ts";
import { startMinio } from "./minio.ts";
import { startLabPostgres } from "./postgres.ts";
import type { S3Engine } from "./s3-engine.ts";
import { startToxiproxy } from "./toxiproxy.ts";
import { startVersitygw } from "./versitygw.ts";

/** An engine that runs, as the lab's command shows it. */
export interface Started {
  readonly name: string;
  readonly pid: number;
  /** Where clients connect to. */
  readonly address: string;
}

/** What of the lab runs, and what does not. */
export interface Lab {
  readonly engines: readonly Started[];
  readonly missing: readonly { readonly name: string; readonly why: string }[];
  /** How to sign in, by engine: random, and good for this run alone. Not for a log or a screen. */
  readonly secrets: Readonly<Record<string, unknown>>;
  /** Ends every engine, and resolves when all have ended. May be repeated. */
  stop(): Promise<void>;
}

interface Running {
  readonly engine: Engine;
  readonly address: string;
  readonly secret?: unknown;
}

/** Undefined: not installed. */
const ENGINES: Readonly<Record<string, (dir: string) => Promise<Running | undefined>>> = {
  versitygw: async (dir) => store(await startVersitygw({ dir })),
  minio: async (dir) => store(await startMinio({ dir })),
  async postgres(dir) {
    const engine = await startLabPostgres({ dir });
    const { access, admin, certified } = engine ?? {};
    return engine && { engine, address: `127.0.0.1:${engine.port}`, secret: { access, admin, certified } };
  },
  async toxiproxy(dir) {
    const engine = await startToxiproxy({ dir });
    return engine && { engine, address: engine.api };
  },
  async kafka(dir) {
    const engine = await startKafka({ dir, secure: true });
    return engine && { engine, address: engine.brokers.join(), secret: engine.secure };
  },
};

function store(engine: S3Engine | undefined): Running | undefined {
  return engine && { engine, address: engine.endpoint, secret: { region: engine.region, ...engine.root } };
}

/**
 * Starts everything that is installed, each on free ports of 127.0.0.1 and with its files in a directory of its own
 * under `dir`. What cannot be started is named in `missing`, and the others run.
 *
 * @param signal starts no more of them; those that run are the caller's to stop
 */
export async function startLab(dir: string, signal: AbortSignal): Promise<Lab> {
  const running = new Map<string, Running>();
  const missing: { name: string; why: string }[] = [];
  // One after the other: a port that is free is promised to nobody until its engine listens.
  for (const [name, start] of Object.entries(ENGINES)) {
    if (signal.aborted) break;
    try {
      const place = join(dir, name);
      await mkdir(place, { mode: 0o700 });
      const started = await start(place);
      if (started) running.set(name, started);
      else missing.push({ name, why: "not installed: run `npm run lab -- --install`" });
    } catch (error) {
      missing.push({ name, why: whyNot(error) });
    }
  }
  const all = [...running];
  return {
    engines: all.map(([name, { engine, address }]) => ({ name, pid: engine.pid, address })),
    missing,
    secrets: Object.fromEntries(all.flatMap(([name, { secret }]) => (secret ? [[name, secret]] : []))),
    stop: async () => {
      await Promise.all(all.map(([, { engine }]) => engine.stop()));
    },
  };
}

const LINE_LIMIT = 200;
const FRAME = /^\s*(at |\.\.\. \d+ more|$)/;

/** One line on what stood in the way: how it begins, and what a program said last. */
export function whyNot(error: unknown): string {
  const { code, path, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT" && path && !path.includes("/")) return `${path} is missing: install it`;
  const lines = message.split("\n").filter((line) => !FRAME.test(line));
  const ends = lines.length > 1 ? [lines.at(0), lines.at(-1)] : lines;
  return ends.map((line = "") => line.trim().slice(0, LINE_LIMIT)).join(" ... ");
}
