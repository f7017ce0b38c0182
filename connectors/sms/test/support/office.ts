import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Captured } from "@daybook/contract";
import { RecordingSink } from "@daybook/contract/testing";
import { Smsc } from "../../../../test/fakes/smsc.ts";
import { Sms } from "../../src/index.ts";
import { ACCOUNT, CUSTODIAN, settings, type Settings } from "./settings.ts";

export { ACCOUNT, CUSTODIAN, settings };

export type OfficeOptions = Settings & {
  readonly sink?: RecordingSink;
  readonly dir?: string;
  readonly smsc?: Smsc;
};

/** Official numbers at an aggregator, by a fake of it. */
export interface Office {
  readonly smsc: Smsc;
  readonly sink: RecordingSink;
  readonly connector: Sms;
  readonly logged: unknown[];
  readonly dir: string;
  /** What was captured but for coverage. */
  readonly events: () => Captured[];
  /** Resolves once there are so many events, coverage left out. */
  readonly heard: (count: number) => Promise<Captured[]>;
  /** Ends the connector, and starts another over the same state. */
  restart(more?: Settings): Promise<Office>;
  readonly close: () => Promise<void>;
}

const open = new Set<() => Promise<void>>();
afterEach(async () => {
  for (const close of open) await close();
});

export async function openOffice(more: OfficeOptions = {}): Promise<Office> {
  const { sink = new RecordingSink(), dir = mkdtempSync(join(tmpdir(), "sms-")) } = more;
  const smsc = more.smsc ?? (await Smsc.start());
  const logged: unknown[] = [];
  const log = (...line: unknown[]) => void logged.push(line);
  const { sink: _sink, dir: _dir, smsc: _smsc, ...given } = more;
  const connector = new Sms(
    settings(dir, smsc.port, { log: { info: log, warn: log, error: log }, ...given }),
  );
  const stopping = new AbortController();
  const running = connector.run(sink, stopping.signal);
  running.catch(() => undefined);
  const stop = async () => {
    open.delete(close);
    stopping.abort();
    await running;
  };
  const close = async () => {
    if (!open.has(close)) return;
    await stop();
    await smsc.close();
    rmSync(dir, { recursive: true, force: true });
  };
  open.add(close);
  const events = () => sink.captured.filter(({ event }) => event.kind !== "coverage");
  return {
    ...{ smsc, sink, connector, logged, dir, events, close },
    heard: async (count) => {
      while (events().length < count) {
        if (stopping.signal.aborted) throw new Error("the office was closed before");
        await sleep(2);
      }
      return events();
    },
    async restart(again = {}) {
      await stop();
      return openOffice({ ...more, ...again, smpp: { ...more.smpp, ...again.smpp }, sink, dir, smsc });
    },
  };
}

/** What the archive makes of events: those of one id and digest are one record. */
export function records(events: readonly Captured[]): Captured[] {
  return [...new Map(events.map((one) => [`${one.eventId} ${one.stableDigest}`, one])).values()];
}
