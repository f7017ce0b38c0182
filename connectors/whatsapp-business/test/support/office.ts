import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Captured } from "@daybook/contract";
import { RecordingSink } from "@daybook/contract/testing";
import { GraphApi } from "../../../../test/fakes/graph-api.ts";
import { WhatsAppBusiness, type WhatsAppBusinessOptions } from "../../src/index.ts";
import { NUMBER } from "../fixtures/payloads.ts";
import { APP, CUSTODIAN, VERIFY_TOKEN } from "./app.ts";

export * from "./app.ts";

/** As Meta says it of a number that is well. */
export const CONNECTED = {
  display_phone_number: "+1 555-078-3881",
  status: "CONNECTED",
  quality_rating: "GREEN",
};

/** An official number that runs against a Graph API of ours. */
export interface Office {
  readonly api: GraphApi;
  readonly sink: RecordingSink;
  readonly connector: WhatsAppBusiness;
  readonly webhook: string;
  readonly logged: unknown[];
  /** Posts a webhook until it is taken, and resolves with the events so far. */
  receive(payload: unknown): Promise<readonly Captured[]>;
  /** Resolves with the first event for which it is so. Rejects once the office is closed. */
  event(is: (event: Captured) => boolean): Promise<Captured>;
  /** Ends the connector, and starts another over the same state. */
  restart(more?: Partial<WhatsAppBusinessOptions>): Promise<Office>;
  close(): Promise<void>;
}

/** Whatever a test that failed has left open: jest would not end. */
const open = new Set<() => Promise<void>>();
afterEach(async () => {
  for (const close of open) await close();
});

export async function openOffice(
  more: Partial<WhatsAppBusinessOptions> & { sink?: RecordingSink; dir?: string; api?: GraphApi } = {},
): Promise<Office> {
  const {
    sink = new RecordingSink(),
    dir = mkdtempSync(join(tmpdir(), "whatsapp-business-")),
    ...options
  } = more;
  const api = more.api ?? (await GraphApi.start(APP));
  if (!more.api) api.numbers.set(NUMBER, CONNECTED);
  const logged: unknown[] = [];
  const log = (...line: unknown[]) => void logged.push(line);
  const connector = new WhatsAppBusiness({
    numbers: [{ phoneNumberId: NUMBER, custodian: CUSTODIAN }],
    appSecrets: () => [APP.secret],
    verifyToken: () => VERIFY_TOKEN,
    accessToken: () => APP.accessToken,
    graphUrl: api.url,
    stateFile: join(dir, "state"),
    key: Buffer.alloc(32, 7),
    log: { info: log, warn: log, error: log },
    mediaWaits: { firstMs: 5, mostMs: 20 },
    ...options,
  });
  const server = createServer(connector.webhook);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stopping = new AbortController();
  const running = connector.run(sink, stopping.signal);
  running.catch(() => undefined);
  const webhook = `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/whatsapp`;
  const stop = async () => {
    open.delete(close);
    stopping.abort();
    await running;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  const close = async () => {
    if (!open.has(close)) return;
    await stop();
    await api.close();
    rmSync(dir, { recursive: true, force: true });
  };
  open.add(close);
  return {
    api,
    sink,
    connector,
    webhook,
    logged,
    async receive(payload) {
      await api.deliver(webhook, payload);
      return sink.captured;
    },
    async event(is) {
      for (;;) {
        const found = sink.captured.find(is);
        if (found) return found;
        if (stopping.signal.aborted) throw new Error("the office was closed before there was such an event");
        await sleep(2);
      }
    },
    async restart(again = {}) {
      await stop();
      return openOffice({ ...more, ...again, sink, dir, api });
    },
    close,
  };
}
