import { setTimeout as sleep } from "node:timers/promises";
import type { RetentionOptions } from "./options.ts";
import { retainOnce } from "./retain-once.ts";

/** After a pass that failed the next is tried sooner. */
const AGAIN_MS = 10 * 60_000;

/**
 * Passes at once and then every `intervalMs`, until `signal` aborts. A pass that fails is an alert and is repeated:
 * locks have months left, and nothing is removed by half of the facts.
 */
export async function runRetention(
  options: RetentionOptions & { readonly intervalMs: number },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const passed = await passAndReport(options, signal);
    const waitMs = passed ? options.intervalMs : Math.min(AGAIN_MS, options.intervalMs);
    await sleep(waitMs, undefined, { signal }).catch(() => undefined);
  }
}

/** @returns whether the pass came to its end */
async function passAndReport(options: RetentionOptions, signal: AbortSignal): Promise<boolean> {
  const { log, metrics, now } = options;
  try {
    const { alerts, moreAlerts, ...done } = await retainOnce(options, signal);
    for (const { key, problem } of alerts) log.error({ key, problem }, "retention needs somebody to look");
    metrics
      ?.gauge("daybook_retention_alerts", "Objects of the last pass that need somebody to look")
      .set(alerts.length + moreAlerts);
    metrics
      ?.gauge("daybook_retention_last_pass_seconds", "When the last pass ended, in seconds since 1970")
      .set(now().getTime() / 1_000);
    log.info({ ...done, alerts: alerts.length + moreAlerts }, "retention passed");
    return true;
  } catch (err) {
    if (!signal.aborted) log.error({ err }, "a retention pass failed");
    return false;
  }
}
