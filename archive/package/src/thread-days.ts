import type { ArchiveRecord } from "@daybook/archive-core";
import { PackageError } from "./error.ts";
import type { PlacedRecord } from "./input.ts";
import { Thread, type ThreadDay } from "./thread.ts";

/**
 * Sorts records, which come by custodian and conversation, into days of conversations. Records without a
 * conversation have no day. Memory does not grow with the number of records; what follows a message more than
 * three days later, or behind very much else, stands as an event of its own day.
 *
 * @throws {PackageError} `out-of-order` when a conversation comes back after another
 */
export async function* threadDays(
  records: AsyncIterable<PlacedRecord>,
): AsyncGenerator<ThreadDay, void, undefined> {
  const finished = new Set<string>();
  let open: { key: string; networks: Map<string, Thread> } | undefined;
  for await (const placed of records) {
    const { raw: _raw, salt: _salt, ...record } = JSON.parse(placed.record.toString()) as ArchiveRecord;
    const { conversation } = record;
    if (!conversation) continue;
    const key = JSON.stringify([record.custodian?.id ?? record.account, conversation.id]);
    if (open?.key !== key) {
      if (open) {
        yield* ends(open.networks);
        finished.add(open.key);
      }
      if (finished.has(key))
        throw new PackageError("out-of-order", "a conversation's records must come one after the other");
      open = { key, networks: new Map() };
    }
    // The same id, such as a telephone number, may name a conversation on several networks.
    let thread = open.networks.get(record.network);
    if (!thread) {
      thread = new Thread({ ...record, conversation });
      open.networks.set(record.network, thread);
    }
    yield* thread.add(placed, record);
  }
  if (open) yield* ends(open.networks);
}

function* ends(threads: ReadonlyMap<string, Thread>): Generator<ThreadDay, void, undefined> {
  for (const thread of threads.values()) yield* thread.end();
}
