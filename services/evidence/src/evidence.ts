import { auditEnvelope, encodeEnvelope, TOPICS } from "@daybook/contract";
import { type ApiClient, type Logger, ProblemError, type Route } from "@daybook/runtime";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { asked } from "./asked.ts";
import { Exports } from "./building/exports.ts";
import type { ExportDeps } from "./export.ts";
import type { AttestingService, AuditTrail } from "./ports.ts";
import { recordsClient } from "./records-client.ts";
import { exportRoutes } from "./routes.ts";

export interface EvidenceOptions extends Omit<ExportDeps, "records" | "trail" | "attesting"> {
  /** Whether the witnessing service runs, to be asked before each export. */
  readonly witnessing?: boolean;
  /** Of the services of this deployment. */
  readonly services: ApiClient;
  /** Publishes encrypted envelopes. @returns the offset after them */
  readonly publish: (topic: string, partition: number, plaintexts: readonly Uint8Array[]) => Promise<number>;
  /** Where packages that are built wait. */
  readonly packages: {
    /** A folder of this process's own, on a disk with room for them; made where there is none. */
    readonly dir: string;
    /** How long each is kept. */
    readonly keptMs: number;
  };
  readonly mount: (routes: readonly Route[]) => void;
  readonly log: Logger;
}

/** Longer than the witnessing service takes for witnesses and authorities that do not answer. */
const ATTEST_MS = 60_000;
const TIDY_MS = 60_000;

/**
 * Makes evidence packages until `signal` aborts. Keeps nothing beyond that: what was not taken by then is asked for again.
 * Rejects when there is no folder for packages that others may not write to.
 */
export async function runEvidence(options: EvidenceOptions, signal: AbortSignal): Promise<void> {
  const deps: ExportDeps = {
    ...options,
    records: recordsClient(options.services),
    trail: auditTrail(options),
    ...(options.witnessing && { attesting: attestingClient(options.services) }),
  };
  const exports = new Exports({ deps, ...options.packages, log: options.log });
  options.mount(exportRoutes(exports, deps, options.log));
  try {
    await exports.opened;
    await exports.keepHouse(signal, (until) =>
      sleep(TIDY_MS, undefined, { signal: until }).catch(() => undefined),
    );
  } finally {
    await exports.close();
  }
}

function attestingClient(services: ApiClient): AttestingService {
  const response = z.object({
    shards: z.array(
      z.object({
        shard: z.string(),
        note: z.string(),
        stamp: z.base64().nullable(),
        missing: z.array(z.string()),
      }),
    ),
    witnesses: z.array(z.string()),
    tsaCa: z.string().nullable(),
  });
  return () =>
    asked("unavailable", async () => {
      const signal = AbortSignal.timeout(ATTEST_MS);
      try {
        return await services.call("post", "/internal/v1/attest", { signal, response });
      } catch (cause) {
        if (!signal.aborted) throw cause;
        throw new ProblemError(504, "unavailable", "the witnessing service takes too long", { cause });
      }
    });
}

function auditTrail({ services, publish, deployment, now }: EvidenceOptions): AuditTrail {
  return {
    async record(event) {
      const envelope = auditEnvelope(
        { ...event, detail: { ...event.detail } as never },
        { deployment, at: now() },
      );
      const offset = await publish(TOPICS.audit, 0, [encodeEnvelope(envelope)]);
      await asked("unavailable", () =>
        services.call("post", "/internal/v1/archived", { body: { shard: "audit", offset, flush: true } }),
      );
    },
  };
}
