import type { Logger } from "./log.ts";

/**
 * Runs a service until it ends, fails, or is told to stop by SIGINT or SIGTERM; then it has
 * `graceMs` to finish what it has begun. A second signal ends it at once. The process ends by running
 * out of work, so that logs are flushed, with exit code 1 after a failure or an overrun. An error that
 * nobody caught stops it in the same way, and is logged without its text.
 */
export async function run(
  log: Logger,
  main: (signal: AbortSignal) => Promise<void>,
  { graceMs = 10_000 }: { graceMs?: number } = {},
): Promise<void> {
  const stopping = new AbortController();
  stopping.signal.addEventListener("abort", () => {
    setTimeout(() => process.exit(1), graceMs).unref();
  });
  const stop = (cause: NodeJS.Signals) => {
    log.info({ cause }, "stopping");
    stopping.abort();
  };
  const fail = (err: unknown) => {
    log.fatal({ err }, "failed");
    process.exitCode = 1;
    stopping.abort();
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);
  process.on("uncaughtException", fail).on("unhandledRejection", fail);

  try {
    await main(stopping.signal);
    log.info("stopped");
  } catch (err) {
    fail(err);
  } finally {
    stopping.abort();
  }
}

/** Resolves when the signal aborts, also if it has already. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
