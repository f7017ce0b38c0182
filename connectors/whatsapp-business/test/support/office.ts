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

export const APP = { secret: "an app secret, made up", accessToken: "an access token, made up" };
export const VERIFY_TOKEN = "a verify token, made up";
export const CUSTODIAN = { id: "id-olivia", name: "Olivia Sinclair" };

/** An official number that runs against a Graph API of ours. */
export interface Office {
  readonly api: GraphApi;
  readonly sink: RecordingSink;
  readonly connector: WhatsAppBusiness;
  readonly webhook: string;
  readonly logged: unknown[];
  /** Posts a webhook until it is taken, and resolves with the events so far. */
  receive(payload: unknown): Promise<readonly Captured[]>;
  /** Resolves with the first event for which it is so. */
  event(is: (event: Captured) => boolean): Promise<Captured>;
  /** Ends the connector, and starts another over the same state. */
  restart(more?: Partial<WhatsAppBusinessOptions>): Promise<Office>;
  close(): Promise<void>;
}

export async function openOffice(
  more: Partial<WhatsAppBusinessOptions> & { sink?: RecordingSink; dir?: string; api?: GraphApi } = {},
): Promise<Office> {
  const {
    sink = new RecordingSink(),
    dir = mkdtempSync(join(tmpdir(), "whatsapp-business-")),
    ...options
  } = more;
  const api = more.api ?? (await GraphApi.start(APP));
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
    stopping.abort();
    await running;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
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
        await sleep(2);
      }
    },
    async restart(again = {}) {
      await stop();
      return openOffice({ ...more, ...again, sink, dir, api });
    },
    async close() {
      await stop();
      await api.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
