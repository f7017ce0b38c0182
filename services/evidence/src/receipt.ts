import type { CatalogueReader } from "@daybook/catalogue";
import type { RecordReader } from "@daybook/openpgp";
import { encodeReceipt } from "@daybook/package";
import type { Stores } from "@daybook/archive-core";
import { EvidenceError } from "./error.ts";
import { parsed } from "./opened-records.ts";
import { holdShard } from "./proved.ts";

/** The logged audit record that completes the export, with its proof under the newest checkpoint. */
export async function findReceipt(
  request: { readonly id: string; readonly matter: string },
  deps: {
    readonly stores: Pick<Stores, "records" | "heads">;
    readonly catalogue: Pick<CatalogueReader, "select">;
    readonly reader: RecordReader;
    readonly vkeys: Readonly<Record<string, string>>;
  },
  since: Date,
): Promise<Buffer> {
  const shard = await holdShard(deps.stores, "audit", deps.vkeys.audit ?? "");
  const filters = { kinds: ["audit" as const], matter: request.matter, from: since.toISOString() };
  for await (const refs of deps.catalogue.select({ filters })) {
    for await (const run of deps.reader.inRuns(refs.toReversed())) {
      for (const ref of run.places) {
        const opened = run.open(ref);
        const audit = opened && parsed(opened).audit;
        if (!opened || !shard || audit?.action !== "export.complete" || audit.subject !== request.id)
          continue;
        return encodeReceipt({ record: opened.json, ...(await shard.prove(ref.index)) });
      }
    }
  }
  throw new EvidenceError("unavailable", "the export's own record is not in the log yet: ask again");
}
