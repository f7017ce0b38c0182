import { createOperations, listen, type Metrics, untilAborted } from "@daybook/runtime";
import type { Host } from "../host.ts";
import type { ComposeOptions } from "./compose.ts";
import type { Entry } from "./sign-in.ts";

/** A machine that answers. */
export interface Ready {
  readonly url: string;
  readonly port: number;
  readonly operationsUrl: string;
  /** Verifier keys of its logs, by shard. */
  readonly vkeys: Readonly<Record<string, string>>;
  /** Where people sign in. */
  readonly entry: () => Entry;
  /** Resolves once what capture reached, per partition, can be searched. */
  readonly archived: (reached: ReadonlyMap<number, number>) => Promise<void>;
}

/** Opens the operations port, says that the server is ready, and keeps the port until the end. */
export async function operate(
  options: ComposeOptions,
  {
    host,
    metrics,
    whenReady,
    ...at
  }: Pick<Ready, "vkeys" | "archived" | "entry"> & {
    host: Pick<Host, "url" | "port">;
    metrics: Metrics;
    whenReady: Promise<void>;
  },
  signal: AbortSignal,
): Promise<void> {
  let isReady = false;
  const operations = await listen(
    createOperations({ health: { process: () => true }, ready: { services: () => isReady }, metrics }),
    { host: options.host, port: options.port === 0 ? 0 : host.port + 1 },
  );
  try {
    await whenReady;
    if (signal.aborted) return;
    isReady = true;
    await options.home.announce({ url: host.url, port: host.port });
    await options.onReady({ url: host.url, port: host.port, operationsUrl: operations.url, ...at });
    await untilAborted(signal);
  } finally {
    await operations.close();
  }
}
