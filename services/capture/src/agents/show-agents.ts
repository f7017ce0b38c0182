import type { Metrics } from "@daybook/runtime";
import type { Answered } from "./door.ts";

/** Counts what agents are answered, and shows what is missing, at each reading of the metrics. */
export function showAgents(
  metrics: Metrics,
  standing: () => { readonly missing: number; readonly partBytes: number },
) {
  const answers = metrics.counter("daybook_agent_answers_total", "What agents on devices were answered", [
    "answer",
  ]);
  const entries = metrics.counter("daybook_agent_entries_total", "What agents on devices handed over", [
    "kind",
  ]);
  const unread = metrics.counter(
    "daybook_agent_unread_total",
    "Of that, what could be kept by its bytes alone",
    ["kind"],
  );
  const missing = metrics.gauge(
    "daybook_agent_batches_missing",
    "Batches of agents on devices that never came while later ones did",
  );
  const partBytes = metrics.gauge(
    "daybook_agent_part_bytes",
    "Bytes of attachments whose batches have yet to come",
  );
  metrics.onRead(() => {
    const now = standing();
    missing.set(now.missing);
    partBytes.set(now.partBytes);
  });
  return {
    answered: (answer: Answered) => answers.inc({ answer }),
    entries(kind: string, all: number, notRead: number) {
      entries.inc({ kind }, all);
      unread.inc({ kind }, notRead);
    },
  };
}
