import { auditEnvelope, encodeEnvelope, TOPICS } from "@daybook/contract";
import { type ApiClient, type Logger, ProblemError, type Route, untilAborted } from "@daybook/runtime";
import { z } from "zod";
import { EvidenceError, type EvidenceErrorCode } from "./error.ts";
import type { ExportDeps } from "./export.ts";
import type { AttestingService, AuditTrail, RecordsService } from "./ports.ts";
import { exportRoutes } from "./routes.ts";

export interface EvidenceOptions extends Omit<ExportDeps, "records" | "trail" | "attesting"> {
  /** Whether the witnessing service runs, to be asked before each export. */
  readonly witnessing?: boolean;
  /** Of the services of this deployment. */
  readonly services: ApiClient;
  /** Publishes encrypted envelopes. @returns the offset after them */
  readonly publish: (topic: string, partition: number, plaintexts: readonly Uint8Array[]) => Promise<number>;
  readonly mount: (routes: readonly Route[]) => void;
  readonly log: Logger;
}

/** Longer than the witnessing service takes for witnesses and authorities that do not answer. */
const ATTEST_MS = 60_000;

/** Makes evidence packages until `signal` aborts. Keeps nothing: an export that was not taken is asked for again. */
export async function runEvidence(options: EvidenceOptions, signal: AbortSignal): Promise<void> {
  const deps: ExportDeps = {
    ...options,
    records: recordsClient(options.services),
    trail: auditTrail(options),
    ...(options.witnessing && { attesting: attestingClient(options.services) }),
  };
  options.mount(exportRoutes(deps, options.log));
  await untilAborted(signal);
}

const STATUS: Record<EvidenceErrorCode, number> = {
  "no-such-matter": 404,
  "matter-closed": 409,
  "no-such-custodian": 404,
  "bad-request": 422,
  "no-such-export": 404,
  "already-taken": 409,
  "not-finished": 409,
  unavailable: 503,
};

/** The answer to an error of evidence; undefined for one that is not its own. */
export function evidenceProblem(error: unknown): ProblemError | undefined {
  return error instanceof EvidenceError
    ? new ProblemError(STATUS[error.code], error.code, error.message, { cause: error })
    : undefined;
}

function recordsClient(services: ApiClient): RecordsService {
  const matter = z.object({
    id: z.string(),
    title: z.string(),
    kind: z.string(),
    closedAt: z.string().nullable(),
  });
  const disposed = z.object({ id: z.string(), auditId: z.string(), shard: z.string(), index: z.int() });
  const page = z.object({ disposals: z.array(disposed), next: z.string().nullable() });
  return {
    matter: (id) =>
      asked("no-such-matter", () =>
        services.call("get", "/internal/v1/matters/:id", { params: { id }, response: matter }),
      ),
    custodian: async (name) => {
      const found = await asked("no-such-custodian", () =>
        services.call("post", "/internal/v1/custodians/resolve", {
          body: { name, create: false, actor: "evidence" },
          response: z.object({ id: z.string() }),
        }),
      );
      return found.id;
    },
    async *disposals() {
      let after: string | undefined;
      do {
        const query = { ...(after !== undefined && { after }) };
        const got = await asked("unavailable", () =>
          services.call("get", "/internal/v1/disposed", { query, response: page }),
        );
        yield* got.disposals;
        after = got.next ?? undefined;
      } while (after !== undefined);
    },
  };
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

async function asked<T>(missing: EvidenceErrorCode, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    if (!(cause instanceof ProblemError)) throw cause;
    if (cause.status === 404)
      throw new EvidenceError(missing, "the records service knows no such thing: check the name or id", {
        cause,
      });
    if (cause.status < 500) throw new EvidenceError("bad-request", cause.message, { cause });
    throw new EvidenceError("unavailable", "another service does not answer: try again", { cause });
  }
}
