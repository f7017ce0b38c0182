import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type Captured, type Connector, ConnectorError, type Sink } from "@daybook/contract";
import { LineReader } from "./lines.ts";
import type { Offered } from "./network.ts";

export const LOAD_CUSTODIAN = "Load";
const RETRY_MS = 200;
const BATCH = 200;

/** Captures what the made-up network sends, and acknowledges to it only what is captured. */
export function createLoad(of: {
  readonly port: number;
  readonly custodian: { id: string; name: string };
}): Connector {
  return {
    async run(sink, signal) {
      while (!signal.aborted) {
        const socket = connect(of.port, "127.0.0.1");
        const stop = () => socket.destroy();
        signal.addEventListener("abort", stop, { once: true });
        try {
          await once(socket, "connect", { signal });
          await serve(socket, sink, of.custodian, signal);
        } catch (error) {
          // A stop breaks off whatever waits.
          if (!isOfSocket(error) && (error as Error).name !== "AbortError") throw error;
          await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
        } finally {
          signal.removeEventListener("abort", stop);
          socket.destroy();
        }
      }
    },
  };
}

async function serve(
  socket: Socket,
  sink: Sink,
  custodian: { id: string; name: string },
  signal: AbortSignal,
): Promise<void> {
  const lines = new LineReader();
  for await (const data of socket as AsyncIterable<Buffer>) {
    const events = lines.push(data).map((line) => ({ line, offered: JSON.parse(line) as Offered }));
    for (let i = 0; i < events.length; i += BATCH) {
      const batch = events.slice(i, i + BATCH);
      await handOver(
        sink,
        batch.map((one) => toCaptured(one.line, one.offered, custodian)),
        signal,
      );
      socket.write(`${batch.map(({ offered }) => offered.n).join(" ")}\n`);
    }
  }
}

/** Repeats until it is captured. @throws what a sink says that repeating does not mend, as the contract has it */
async function handOver(sink: Sink, captured: readonly Captured[], signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      return await sink.capture(captured);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ConnectorError) || !error.retryable) throw error;
      await sleep(RETRY_MS, undefined, { signal });
    }
  }
}

function toCaptured(
  line: string,
  { n, account, text }: Offered,
  custodian: { id: string; name: string },
): Captured {
  const raw = Buffer.from(line);
  return {
    eventId: `load:${n}`,
    stableDigest: createHash("sha256").update(raw).digest("hex"),
    event: {
      v: 1,
      kind: "message",
      network: "sms",
      method: "carrier",
      provenance: "captured",
      account,
      custodian,
      conversation: { id: `${account}-talk`, title: "Load", kind: "direct" },
      sender: { id: account, name: "Load" },
      direction: "outgoing",
      sentAt: new Date(Date.UTC(2026, 0, 1) + n).toISOString(),
      text,
      networkId: `load-${n}`,
      raw: raw.toString("base64"),
      connector: { name: "load", version: "1" },
    },
  };
}

function isOfSocket(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}
