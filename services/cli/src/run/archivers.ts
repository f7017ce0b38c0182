import { setTimeout as sleep } from "node:timers/promises";
import { type ShardReport, shardReport } from "@daybook/archiver";
import { type ApiClient, apiClient, type CallOptions, type Method, ProblemError } from "@daybook/runtime";
import { z } from "zod";

const shardsAnswer = z.object({ shards: z.array(shardReport) });

/** After which all are asked again: who had the shard may be stopped, and another have it. */
const ATTEMPT_MS = 10_000;
/** How long it may be that nobody has the shard, as while it moves. */
const PATIENCE_MS = 30_000;
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 2_000;

/**
 * The archivers of a deployment as one: `/internal/v1/shards` is put together of what each says, everything else is
 * the owner's to answer.
 *
 * @throws {ProblemError} `bad-url`
 */
export function archiversClient(of: {
  readonly urls: readonly string[];
  readonly token: string;
  readonly ca: string | undefined;
}): Pick<ApiClient, "call" | "close"> {
  const archivers = of.urls.map((url) => apiClient({ ...of, url }));
  const call = async (
    method: Method,
    path: string,
    options: CallOptions & { response?: z.ZodType } = {},
  ): Promise<unknown> => {
    if (path !== "/internal/v1/shards") return askOwner(archivers, method, path, options);
    const answer = { shards: await everyShard(archivers, options) };
    return options.response?.parse(answer) ?? answer;
  };
  return {
    call: call,
    close() {
      for (const archiver of archivers) archiver.close();
    },
  };
}

/**
 * Asks all archivers at once, again and again, for what only the owner of a shard answers. A call may thus reach
 * one more often than once.
 *
 * @throws {ProblemError} the owner's refusal; `no-owner` when for 30 s there was none
 */
async function askOwner(
  archivers: readonly ApiClient[],
  method: Method,
  path: string,
  options: CallOptions & { response?: z.ZodType },
): Promise<unknown> {
  const { signal } = options;
  let until = Date.now() + PATIENCE_MS;
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    signal?.throwIfAborted();
    const late = AbortSignal.timeout(ATTEMPT_MS);
    const answered = new AbortController();
    const attempt = AbortSignal.any([late, answered.signal, ...(signal ? [signal] : [])]);
    const asked = { ...options, signal: attempt };
    try {
      return await Promise.any(archivers.map((one) => one.call(method, path, asked)));
    } catch (error) {
      signal?.throwIfAborted();
      const errors = error instanceof AggregateError ? (error.errors as unknown[]) : [error];
      const refusal = errors.find(isRefusal);
      if (refusal) throw refusal;
      // Somebody was still at it: that there is much to wait for is no failure.
      if (late.aborted) until = Date.now() + PATIENCE_MS;
      if (Date.now() >= until) {
        const detail = "no archiver has that shard just now: try again in a moment";
        throw new ProblemError(503, "no-owner", detail, { cause: error });
      }
    } finally {
      answered.abort();
    }
    await sleep(waitMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Not that another has the shard. */
function isRefusal(error: unknown): error is ProblemError {
  return error instanceof ProblemError && error.status < 500 && error.status !== 421;
}

/**
 * How far every shard is: what its owner says; where none answers, what another archiver says.
 *
 * @throws {ProblemError} `no-server` when no archiver answers within 10 s
 */
async function everyShard(
  archivers: readonly ApiClient[],
  { signal }: Pick<CallOptions, "signal">,
): Promise<ShardReport[]> {
  const asked = AbortSignal.any([AbortSignal.timeout(ATTEMPT_MS), ...(signal ? [signal] : [])]);
  const answers = await Promise.allSettled(
    archivers.map((one) => one.call("get", "/internal/v1/shards", { signal: asked, response: shardsAnswer })),
  );
  const found = new Map<string, ShardReport>();
  for (const answer of answers) {
    for (const report of answer.status === "fulfilled" ? answer.value.shards : []) {
      if (report.owned || !found.has(report.shard)) found.set(report.shard, report);
    }
  }
  if (found.size === 0)
    throw new ProblemError(503, "no-server", "no archiver answers: try again in a moment");
  return [...found.values()];
}
