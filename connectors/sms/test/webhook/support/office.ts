import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Captured } from "@daybook/contract";
import { RecordingSink } from "@daybook/contract/testing";
import { Twilio } from "../../../../../test/fakes/twilio.ts";
import { ACCOUNT, CUSTODIAN, OFFICIAL, PUBLIC, TOKEN } from "./names.ts";
import { sources } from "./sources.ts";
import { SmsWebhooks, type SmsWebhooksOptions } from "../../../src/index.ts";

export * from "./names.ts";
export { sources } from "./sources.ts";

export interface Office {
  readonly twilio: Twilio;
  readonly sink: RecordingSink;
  readonly connector: SmsWebhooks;
  readonly logged: unknown[];
  /** Where a source's webhooks come to. */
  readonly at: (name: string, query?: string) => string;
  /** What was captured but for coverage. */
  readonly events: () => Captured[];
  /** Resolves once there is such an event. */
  readonly event: (is: (event: Captured) => boolean) => Promise<Captured>;
  /** Posts what Twilio says of a message. @returns the status */
  readonly receive: (message: ReturnType<Twilio["has"]>) => Promise<number>;
  /** Posts bytes. @returns the status; 0 where nobody answers */
  readonly post: (
    name: string,
    body: string | Uint8Array<ArrayBuffer>,
    headers: Record<string, string>,
    query?: string,
  ) => Promise<number>;
  restart(more?: Partial<SmsWebhooksOptions>): Promise<Office>;
  readonly close: () => Promise<void>;
}

const open = new Set<() => Promise<void>>();
afterEach(async () => {
  for (const close of open) await close();
});

export type OfficeOptions = Partial<SmsWebhooksOptions> & {
  readonly sink?: RecordingSink;
  readonly dir?: string;
  readonly twilio?: Twilio;
  readonly of?: Parameters<typeof sources>[1];
};

export async function openOffice(more: OfficeOptions = {}): Promise<Office> {
  const {
    sink = new RecordingSink(),
    dir = mkdtempSync(join(tmpdir(), "sms-hooks-")),
    of,
    ...options
  } = more;
  const twilio = more.twilio ?? (await Twilio.start({ accountSid: ACCOUNT, authToken: TOKEN }));
  const logged: unknown[] = [];
  const log = (...line: unknown[]) => void logged.push(line);
  const connector = new SmsWebhooks({
    numbers: [{ number: OFFICIAL, custodian: CUSTODIAN }],
    country: "GB",
    sources: sources(twilio, of),
    keepsMs: 86_400_000,
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
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const at = (name: string, query = "") => `${origin}/webhooks/sms/${name}${query}`;
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
    await twilio.close();
    rmSync(dir, { recursive: true, force: true });
  };
  open.add(close);
  const events = () => sink.captured.filter(({ event }) => event.kind !== "coverage");
  return {
    ...{ twilio, sink, connector, logged, at, events, close },
    async event(is) {
      for (;;) {
        const found = events().find(is);
        if (found) return found;
        if (stopping.signal.aborted) throw new Error("the office was closed before there was such an event");
        await sleep(2);
      }
    },
    receive: (message) => twilio.post(at("twilio"), `${PUBLIC}/twilio`, twilio.parametersOf(message)),
    async post(name, body, headers, query) {
      try {
        const response = await fetch(at(name, query), { method: "POST", body, headers });
        await response.arrayBuffer();
        return response.status;
      } catch {
        return 0;
      }
    },
    async restart(again = {}) {
      await stop();
      return openOffice({ ...more, ...again, sink, dir, twilio });
    },
  };
}

/** What the archive makes of events: those of one id and digest are one record. */
export function records(events: readonly Captured[]): Captured[] {
  return [...new Map(events.map((one) => [`${one.eventId} ${one.stableDigest}`, one])).values()];
}
