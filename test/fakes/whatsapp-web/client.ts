import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import wweb from "whatsapp-web.js";
import { HEADLESS_ARGS } from "./chromium.ts";
import type { WhatsAppWebServer } from "./server.ts";

/** A real client of whatsapp-web.js in a real Chromium, and what it told. */
export interface RealClient {
  readonly client: wweb.Client;
  /** First arguments of the events that it emitted under a name, oldest first. */
  readonly of: (name: string) => unknown[];
  /** All arguments of the same. */
  readonly argumentsOf: (name: string) => readonly unknown[][];
  /** Resolves once it emitted `count` events of a name, those of before included. */
  readonly heard: (name: string, count?: number) => Promise<void>;
  /** Ends it and its Chromium; the profile stays. */
  readonly stop: () => Promise<void>;
}

/** A folder for a browser's profile, and how to be rid of it. */
export async function makeProfile(): Promise<{ dir: string; remove: () => Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), "whatsapp-web-"));
  return { dir, remove: () => rm(dir, { recursive: true, force: true, maxRetries: 5 }) };
}

/** Makes a client whose WhatsApp is the fake server; it does nothing before `client.initialize()`. */
export function makeClient(
  server: WhatsAppWebServer,
  profile: string,
  executablePath: string,
  authTimeoutMs = 30_000,
): RealClient {
  const client = new wweb.Client({
    authStrategy: new wweb.LocalAuth({ dataPath: profile }),
    authTimeoutMs,
    webVersionCache: { type: "none" },
    puppeteer: {
      headless: true,
      pipe: true,
      executablePath,
      args: [...HEADLESS_ARGS, ...server.chromiumArgs],
    },
  });
  const told = new Map<string | symbol, unknown[][]>();
  const waiting: (() => void)[] = [];
  const emit = client.emit.bind(client) as (name: string | symbol, ...args: unknown[]) => boolean;
  client.emit = (name: string | symbol, ...args: unknown[]) => {
    told.set(name, told.get(name) ?? []);
    told.get(name)!.push(args);
    for (const resolve of waiting.splice(0)) resolve();
    return emit(name, ...args);
  };
  const argumentsOf = (name: string) => told.get(name) ?? [];
  return {
    client,
    argumentsOf,
    of: (name) => argumentsOf(name).map(([first]) => first),
    async heard(name, count = 1) {
      while (argumentsOf(name).length < count) {
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
    async stop() {
      await client.destroy();
    },
  };
}

/** Starts a client and links it, as a person with a phone would. */
export async function linkedClient(
  server: WhatsAppWebServer,
  profile: string,
  executablePath: string,
): Promise<RealClient> {
  const made = makeClient(server, profile, executablePath);
  made.client.once("qr", (qr: string) => server.scan(qr));
  await made.client.initialize();
  await made.heard("ready");
  return made;
}
