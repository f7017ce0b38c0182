import { ProblemError, type Route, route } from "@daybook/runtime";
import { z } from "zod";
import type { Attested } from "./attestor.ts";
import { witnessedKey } from "./attested-files.ts";
import type { WitnessingOptions } from "./options.ts";

const shardName = z.string().regex(/^(?:0|[1-9]\d{0,3}|audit)$/);

/** What `POST /internal/v1/attest` answers: each shard's newest checkpoint, with what outsiders say of it. */
export const attestations = z.strictObject({
  shards: z.array(
    z.strictObject({
      shard: z.string(),
      /** The signed note, cosignatures included. */
      note: z.string(),
      size: z.int().nonnegative(),
      /** RFC 3161 TimeStampResp of exactly that note, base64. */
      stamp: z.string().nullable(),
      /** What was asked for and could not be had, in words. */
      missing: z.array(z.string()),
    }),
  ),
  /** Verifier keys of the configured witnesses. */
  witnesses: z.array(z.string()),
  /** Root certificates of the configured authority, PEM. */
  tsaCa: z.string().nullable(),
});
export type Attestations = z.infer<typeof attestations>;

/** To other services, attests at once; to staff, the newest checkpoint that enough witnesses signed. */
export function witnessingRoutes(
  { heads, witnesses, tsa }: Pick<WitnessingOptions, "heads" | "witnesses" | "tsa">,
  attestAll: () => Promise<(({ readonly shard: string } & Attested) | undefined)[]>,
): Route[] {
  return [
    route({
      method: "post",
      path: "/internal/v1/attest",
      action: "internal",
      summary: "Has every log's newest checkpoint cosigned and stamped, as far as it can be had in time",
      response: attestations,
      async handle() {
        const attested = await attestAll();
        return {
          shards: attested
            .filter((one) => one !== undefined)
            .map(({ shard, note, size, stamp, missing }) => ({
              shard,
              note,
              size,
              stamp: stamp ? stamp.toString("base64") : null,
              missing: [...missing],
            })),
          witnesses: witnesses.map(({ vkey }) => vkey),
          tsaCa: tsa?.ca ?? null,
        };
      },
    }),
    route({
      method: "get",
      path: "/api/v1/log/:shard/witnessed",
      action: "log.read",
      summary: "The newest checkpoint of a log that enough witnesses signed: a C2SP signed note",
      params: z.object({ shard: shardName }),
      download: true,
      async handle({ params, response }) {
        const stored = await heads.read(witnessedKey(params.shard));
        if (!stored)
          throw new ProblemError(404, "no-such-file", "no checkpoint of this log is witnessed yet");
        response.type("text/plain; charset=utf-8").end(stored.body);
        return undefined;
      },
    }),
  ];
}
