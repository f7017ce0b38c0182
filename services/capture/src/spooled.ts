import { TOPICS } from "@daybook/contract";
import type { Logger, Metrics } from "@daybook/runtime";
import { type Spool, type SpoolTrouble, StreamError } from "@daybook/stream";
import { CaptureError } from "./error.ts";
import type { ArchiveProgress } from "./ports.ts";

const PATIENCE_MS = 15 * 60_000;

/**
 * The archiver's progress for who publishes through a spool, and so knows events by their place in the spool: waits
 * until they are on the stream, then asks the archiver by their place there.
 *
 * `archived` throws {CaptureError} `unavailable` when they are not on the stream after `patienceMs`, when `signal` aborts
 * or the spool is closed. They are captured all the same, and will be archived.
 *
 * @param of.patienceMs how long events may stay in the spool; 15 minutes if not given
 */
export function spooledProgress(of: {
  readonly spool: Pick<Spool, "forwarded">;
  readonly archiver: ArchiveProgress;
  readonly signal: AbortSignal;
  readonly patienceMs?: number;
}): ArchiveProgress {
  const { spool, archiver, signal, patienceMs = PATIENCE_MS } = of;
  return {
    async archived(partition, offset) {
      const stop = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
      let place: number;
      try {
        place = await spool.forwarded(TOPICS.events, partition, offset, stop);
      } catch (cause) {
        if (!stop.aborted && !(cause instanceof StreamError)) throw cause;
        throw new CaptureError(
          "unavailable",
          "what was captured is safe in the spool, and can be searched once the stream takes it: nothing is to be repeated",
          { cause },
        );
      }
      await archiver.archived(partition, place);
    },
  };
}

/** Shows how a spool stands, at each reading of the metrics. */
export function showSpool(
  spool: Pick<Spool, "status">,
  metrics: Metrics,
  now: () => Date = () => new Date(),
): void {
  const labels = ["topic", "partition"];
  const events = metrics.gauge("daybook_spool_unsent_events", "Events that wait in the spool", labels);
  const bytes = metrics.gauge("daybook_spool_unsent_bytes", "Bytes of them on the disk", labels);
  const age = metrics.gauge(
    "daybook_spool_oldest_unsent_age_seconds",
    "How long the oldest of them has waited; 0 when none does",
    labels,
  );
  const failing = metrics.gauge(
    "daybook_spool_failing",
    "Whether the last attempt to forward failed",
    labels,
  );
  const forwarded = metrics.counter(
    "daybook_spool_forwarded_events_total",
    "Events the stream has taken",
    labels,
  );
  const failures = metrics.counter(
    "daybook_spool_forward_failures_total",
    "Attempts to forward that failed",
    labels,
  );
  const counted = new Map<string, { forwarded: number; failures: number }>();
  metrics.onRead(() => {
    for (const one of spool.status()) {
      const of = { topic: one.topic, partition: String(one.partition) };
      const key = `${one.topic}/${one.partition}`;
      const before = counted.get(key) ?? { forwarded: 0, failures: 0 };
      events.set(one.unsentEvents, of);
      bytes.set(one.unsentBytes, of);
      const waited = one.unsentSince ? now().getTime() - one.unsentSince.getTime() : 0;
      age.set(Math.max(0, waited) / 1_000, of);
      failing.set(one.failing ? 1 : 0, of);
      forwarded.inc(of, one.forwardedEvents - before.forwarded);
      failures.inc(of, one.forwardFailures - before.failures);
      counted.set(key, { forwarded: one.forwardedEvents, failures: one.forwardFailures });
    }
  });
}

/** Logs what a spool says of its troubles: its `onTrouble`. */
export function spoolTroubleLog(log: Logger): (trouble: SpoolTrouble) => void {
  return ({ topic, partition, error: err }) => {
    if (err === undefined) log.info({ topic, partition }, "the spool is forwarded again");
    else log.error({ topic, partition, err }, "the spool cannot be forwarded: its events are safe and wait");
  };
}
