import { ArchiveError, checkpointKey, logFileReader, type Stores } from "@daybook/archive-core";
import { ProblemError, type Route, route } from "@daybook/runtime";
import type { StreamReader } from "@daybook/stream";
import { z } from "zod";
import { ArchiverError } from "./error.ts";
import type { ShardOptions } from "./options.ts";
import type { ArchiverProgress } from "./progress.ts";

const shard = z.string().regex(/^(?:0|[1-9]\d{0,3}|audit)$/);
const offset = z.int().nonnegative();
const TILE =
  /^(?:entries|[0-9]|[1-5][0-9]|6[0-3])\/(?:x\d{3}\/){0,4}\d{3}(?:\.p\/(?:[1-9]\d?|1\d\d|2[0-4]\d|25[0-5]))?$/;

/** What `GET /internal/v1/shards` says of each shard. */
export const shardReport = z.strictObject({
  shard: z.string(),
  running: z.boolean(),
  /** Whether this archiver has the shard. */
  owned: z.boolean(),
  /** Code of the error for which it waits for an operator. */
  blocked: z.string().nullable(),
  /** Records that are committed and catalogued. */
  size: offset,
  /** Where a restart would read from. */
  position: z.strictObject({ id: z.string(), partition: offset, offset }).nullable(),
  /** Everything below is archived and can be searched. */
  settled: offset,
  /** Messages on the stream that are not. */
  lag: offset,
  parked: offset,
  gaps: offset,
  duplicates: offset,
});
export type ShardReport = z.infer<typeof shardReport>;

/**
 * What the archiver answers: to other services, how far it is; to auditors, the log's own files (C2SP
 * tlog-tiles), below `/api/v1/log/:shard/`.
 */
export function archiverRoutes({
  progress,
  shards,
  stream,
  stores,
}: {
  readonly progress: ArchiverProgress;
  readonly shards: readonly Pick<ShardOptions, "shard" | "topic" | "partition">[];
  readonly stream: Pick<StreamReader, "range">;
  readonly stores: Pick<Stores, "records" | "heads">;
}): Route[] {
  return [
    route({
      method: "post",
      path: "/internal/v1/archived",
      action: "internal",
      summary: "Waits until everything below an offset of a shard's partition can be searched",
      body: z.strictObject({
        shard,
        offset,
        /** Closes the open segment at once. */
        flush: z.boolean().default(false),
      }),
      async handle({ body, signal }) {
        await progress.archived(body.shard, body.offset, { flush: body.flush, signal }).catch(refused);
        return undefined;
      },
    }),
    route({
      method: "get",
      path: "/internal/v1/shards",
      action: "internal",
      summary: "How far every shard is",
      response: z.strictObject({ shards: z.array(shardReport) }),
      async handle() {
        return { shards: await Promise.all(shards.map((of) => report(of, progress, stream))) };
      },
    }),
    route({
      method: "get",
      path: "/api/v1/log/:shard/checkpoint",
      action: "log.read",
      summary: "The newest checkpoint of a log: a C2SP signed note",
      params: z.object({ shard }),
      download: true,
      async handle({ params, response }) {
        const published = await stores.heads.read(checkpointKey(params.shard));
        if (!published) throw notThere();
        response.type("text/plain; charset=utf-8").end(published.body);
        return undefined;
      },
    }),
    route({
      method: "get",
      path: "/api/v1/log/:shard/tile/*path",
      action: "log.read",
      summary: "A tile or an entry bundle of a log, named as C2SP tlog-tiles does",
      params: z.object({ shard, path: z.array(z.string().max(16)).max(8) }),
      download: true,
      async handle({ params, response }) {
        const path = params.path.join("/");
        if (!TILE.test(path)) throw notThere();
        const bytes = await logFileReader(stores, params.shard)(`tile/${path}`).catch(missing);
        response.type("application/octet-stream").end(bytes);
        return undefined;
      },
    }),
  ];
}

async function report(
  { shard: name, topic, partition }: Pick<ShardOptions, "shard" | "topic" | "partition">,
  progress: ArchiverProgress,
  stream: Pick<StreamReader, "range">,
): Promise<ShardReport> {
  const { position, blocked, ...status } = progress.status(name);
  const { next } = await stream.range(topic, partition);
  return {
    ...status,
    blocked: blocked ?? null,
    position: position ?? null,
    lag: Math.max(0, next - status.settled),
  };
}

function refused(error: unknown): never {
  if (!(error instanceof ArchiverError)) throw error;
  if (error.code === "unknown-shard") throw new ProblemError(404, error.code, error.message);
  if (error.code === "not-owner") throw new ProblemError(421, error.code, error.message);
  throw new ProblemError(503, "archiver-stopped", "the archiver stopped before it came to these events");
}

function missing(error: unknown): never {
  throw error instanceof ArchiveError && error.code === "object-missing" ? notThere() : error;
}

function notThere(): ProblemError {
  return new ProblemError(404, "no-such-file", "the log has no such file");
}
