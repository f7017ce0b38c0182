import type { RecordRef } from "@daybook/catalogue";
import type { Reading } from "../reading.ts";
import type { Opened } from "./entries.ts";

/** Opens many records once each. Those that were disposed of since they were found are missing. */
export async function openAll(
  reading: Pick<Reading, "open">,
  refs: readonly RecordRef[],
): Promise<ReadonlyMap<string, Opened>> {
  const once = [...new Map(refs.map((ref) => [ref.id, ref])).values()];
  const records = await reading.open(once);
  return new Map(
    once.flatMap((ref, at) => {
      const record = records[at];
      return record ? [[ref.id, { ref, record }] as const] : [];
    }),
  );
}
