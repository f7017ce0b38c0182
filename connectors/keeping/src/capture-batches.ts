import { type Captured, ConnectorError, type Sink } from "@daybook/contract";
import type { Log } from "./log.ts";

/** Handed over at a time. */
const BATCH = 500;
const MAX_BATCH_CHARACTERS = 4 * 1024 * 1024;

/**
 * Hands events to a sink, in order, in batches that it bears. One that does not fit the schema is recorded as `inPlaceOf`
 * says, by its bytes alone: one person's nonsense stops nobody. May be repeated: what was captured is captured once.
 *
 * @throws {ConnectorError} retryable: nobody knows what is durable, hand them over again
 */
export async function captureBatches<Draft extends Captured>(
  drafts: readonly Draft[],
  of: { readonly sink: Sink; readonly log: Log; readonly inPlaceOf: (draft: Draft) => Captured },
): Promise<void> {
  let batch: Draft[] = [];
  let characters = 0;
  for (const draft of drafts) {
    const length = draft.event.raw.length + (draft.event.text?.length ?? 0);
    if (batch.length >= BATCH || (batch.length > 0 && characters + length > MAX_BATCH_CHARACTERS)) {
      await captureBatch(batch, of);
      batch = [];
      characters = 0;
    }
    batch.push(draft);
    characters += length;
  }
  if (batch.length > 0) await captureBatch(batch, of);
}

async function captureBatch<Draft extends Captured>(
  batch: readonly Draft[],
  { sink, log, inPlaceOf }: Parameters<typeof captureBatches<Draft>>[1],
): Promise<void> {
  try {
    await sink.capture(batch.map(bare));
  } catch (cause) {
    if (!isInvalid(cause)) throw cause;
    for (const one of batch) {
      await sink.capture([bare(one)]).catch(async (error: unknown) => {
        if (!isInvalid(error)) throw error;
        log.error({}, "an event does not fit the schema: recorded by its bytes alone");
        await sink.capture([bare(inPlaceOf(one))]);
      });
    }
  }
}

/** Without what a draft has besides. */
function bare({ eventId, stableDigest, event, attachments }: Captured): Captured {
  return { eventId, stableDigest, event, ...(attachments && { attachments }) };
}

function isInvalid(error: unknown): boolean {
  return error instanceof ConnectorError && error.code === "event-invalid";
}
