import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Captured } from "@daybook/contract";
import { RecordingSink } from "@daybook/contract/testing";
import { BlueBubblesServer } from "../../../../../test/fakes/bluebubbles/index.ts";
import { at, ChatDb } from "../../../../../test/fakes/imessage/index.ts";
import { BlueBubbles, type BlueBubblesOptions } from "../../../src/index.ts";

export const ACCOUNT = "olivia@minister.example";
export const CUSTODIAN = { id: "id-olivia", name: "Olivia Sinclair" };
export const WEBHOOK_SECRET = "hard-to-guess-and-made-up";
/** The Mac's messages are of the day of the story: so is the time. */
const BEGUN = Date.now();
const KEY = Buffer.alloc(32, 9);

/** A Mac with BlueBubbles, and a connector that captures it. */
export interface Mac {
  readonly dir: string;
  readonly db: ChatDb;
  readonly server: BlueBubblesServer;
  readonly sink: RecordingSink;
  readonly connector: BlueBubbles;
  readonly logged: unknown[];
  /** Resolves once what is captured is so. */
  until(is: (captured: readonly Captured[]) => boolean): Promise<readonly Captured[]>;
  /** Resolves once everything that is there now was asked for and captured. */
  settled(): Promise<readonly Captured[]>;
  /** Ends the connector, and starts another over the same state. */
  restart(more?: Partial<BlueBubblesOptions>): Promise<Mac>;
  stop(): Promise<void>;
}

export interface MacOptions extends Partial<BlueBubblesOptions> {
  readonly write?: (dir: string) => ChatDb;
  readonly sink?: RecordingSink;
}

/** Whatever a test that failed has left open: jest would not end. */
const open = new Set<() => Promise<void>>();
afterEach(async () => {
  for (const close of open) await close();
  open.clear();
});

export async function openMac({
  write = (dir) => new ChatDb(dir),
  ...options
}: MacOptions = {}): Promise<Mac> {
  const dir = mkdtempSync(join(tmpdir(), "daybook-bluebubbles-"));
  const db = write(dir);
  const server = await BlueBubblesServer.start(db);
  open.add(async () => {
    await server.close();
    db.close();
    rmSync(dir, { recursive: true, force: true });
  });
  return connect({ dir, db, server }, options);
}

async function connect(
  { dir, db, server }: Pick<Mac, "dir" | "db" | "server">,
  { sink = new RecordingSink(), ...options }: Omit<MacOptions, "write">,
): Promise<Mac> {
  const logged: unknown[] = [];
  const log = (...line: unknown[]) => void logged.push(line);
  const connector = new BlueBubbles({
    url: server.url,
    password: () => server.password,
    account: ACCOUNT,
    custodian: CUSTODIAN,
    stateFile: join(dir, "bluebubbles.state"),
    key: KEY,
    webhookSecret: () => WEBHOOK_SECRET,
    log: { info: log, warn: log, error: log },
    now: () => new Date(at(60).getTime() + Date.now() - BEGUN),
    pollMs: 10,
    settleMs: 0,
    waits: { firstMs: 1, mostMs: 5 },
    attachmentWaits: { firstMs: 5, mostMs: 20 },
    ...options,
  });
  const hooks = createServer(connector.webhook);
  await new Promise<void>((resolve) => hooks.listen(0, "127.0.0.1", resolve));
  const address = hooks.address() as AddressInfo;
  server.webhook = `http://127.0.0.1:${String(address.port)}/webhooks/bluebubbles/${WEBHOOK_SECRET}`;
  const stopping = new AbortController();
  const running = connector.run(sink, stopping.signal);
  let failure: { readonly error: unknown } | undefined;
  running.catch((error: unknown) => (failure = { error }));
  const stop = async () => {
    open.delete(stop);
    stopping.abort();
    await running.catch(() => undefined);
    hooks.closeAllConnections();
    await new Promise((resolve) => hooks.close(resolve));
  };
  // Before the server and the database go.
  const others = [...open];
  open.clear();
  for (const each of [stop, ...others]) open.add(each);
  const until: Mac["until"] = async (is) => {
    while (!is(sink.captured)) {
      if (failure) throw failure.error;
      if (stopping.signal.aborted) throw new Error("the connector was stopped before it was so");
      await sleep(2);
    }
    return sink.captured;
  };
  return {
    ...{ dir, db, server, sink, connector, logged, until, stop },
    async settled() {
      // The second whole poll from now on began after what is there now.
      const polls = () => server.requests.filter(isLastOfPoll).length;
      const before = polls();
      await until(() => polls() >= before + 3);
      return sink.captured;
    },
    async restart(more = {}) {
      await stop();
      return connect({ dir, db, server }, { ...options, sink, ...more });
    },
  };
}

/** Each poll ends with what changed, once there is a row. */
function isLastOfPoll({ path, body }: { path: string; body: unknown }): boolean {
  return path.endsWith("message/query") && JSON.stringify(body).includes("date_edited");
}

/** What is recorded: the archive makes one record of whatever has the same id and digest. */
export function records(captured: readonly Captured[]): readonly Captured[] {
  const kept = new Map<string, Captured>();
  for (const one of captured) {
    const key = `${one.eventId} ${one.stableDigest}`;
    if (!kept.has(key)) kept.set(key, one);
  }
  return [...kept.values()].filter(({ event }) => event.kind !== "coverage");
}

export const texts = (captured: readonly Captured[]) =>
  records(captured).flatMap(({ event }) => (event.kind === "message" ? [event.text] : []));
