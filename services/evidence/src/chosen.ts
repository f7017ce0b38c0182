import type { CatalogueReader, RecordRef } from "@daybook/catalogue";
import { byPlace, chunks } from "./selection.ts";

/**
 * The records of an export of what people selected, in the order of the logs, each once: what was selected and is still
 * there; what is about it and what it changed, of the same custodian's captures; gaps and coverage of the same custodians
 * and networks while the selected conversations went on; the notices of files that it cites; the matter's own audit.
 *
 * @param ids as selected; audit records of other matters are not brought by them
 */
export async function selectChosen(
  reader: CatalogueReader,
  ids: readonly string[],
  matter: string,
): Promise<RecordRef[]> {
  const found = new Map<string, RecordRef>();
  const add = (refs: Iterable<RecordRef>) => {
    for (const ref of refs) found.set(ref.id, ref);
  };
  for (const chunk of chunks(ids)) add((await reader.byIds(chunk)).filter(({ kind }) => kind !== "audit"));
  const chosen = [...found.values()];
  const captured = new Set(chosen.map((ref) => captureOf(ref, ref.keys.networkId)));
  const changed = new Set(chosen.map((ref) => captureOf(ref, ref.keys.target)));
  for (const chunk of chunks(chosen)) {
    // What follows a message follows it in every capture of it: another custodian's was not selected.
    add((await reader.about(chunk)).filter((ref) => captured.has(captureOf(ref, ref.keys.target))));
    const edits = chunk.filter(({ kind }) => kind === "edit");
    add((await reader.named(edits)).filter((ref) => changed.has(captureOf(ref, ref.keys.networkId))));
  }
  add(await listeningTo(reader, chosen));
  for (const chunk of chunks([...found.values()])) add(await reader.noticesFor(chunk));
  for await (const refs of reader.select({ filters: { kinds: ["audit"], matter } })) add(refs);
  return [...found.values()].sort(byPlace);
}

/** A message as one custodian's account has it. */
function captureOf(ref: RecordRef, networkId: string | undefined): string {
  return JSON.stringify([ref.keys.custodian, ref.network, networkId]);
}

interface Interval {
  from: string;
  to: string;
}

/** Gaps and coverage while what was selected was said: by custodian and network, from the first of it to the last. */
async function listeningTo(reader: CatalogueReader, chosen: readonly RecordRef[]): Promise<RecordRef[]> {
  const intervals = new Map<string, Interval>();
  for (const ref of chosen) {
    const { at } = ref;
    const known = intervals.get(lineOf(ref));
    if (!known) intervals.set(lineOf(ref), { from: at, to: at });
    else if (at < known.from) known.from = at;
    else if (at > known.to) known.to = at;
  }
  const all = [...intervals.values()];
  const [from] = all.map((one) => one.from).sort();
  const to = all
    .map((one) => one.to)
    .sort()
    .at(-1);
  if (from === undefined || to === undefined) return [];
  return (await reader.listening({ from, to })).filter((ref) => {
    const interval = intervals.get(lineOf(ref));
    const { span } = ref;
    return interval && span && span.to >= interval.from && span.from <= interval.to;
  });
}

function lineOf({ keys, network }: RecordRef): string {
  return JSON.stringify([keys.custodian, network]);
}
