import type { Captured, Sink } from "@daybook/contract";
import { keepListening, type StateFile } from "@daybook/keeping";
import { CONNECTOR } from "./events/message.ts";
import type { Mailbox } from "./journal/receive.ts";

/** Postfix gives up after 5 days, Exchange Online after 2 at most: what came before an outage of more may be lost. */
const RETRIES_MS = 2 * 86_400_000;
const WHY = "Nobody listened for longer than mail servers send again: what came at first may be lost";

/**
 * Keeps account of when this process listened for a mailbox's journal, until `signal` aborts; `beat` resolves when it is
 * time for the next mark. Whether the tenant journals is not known by it. The last interval is recorded at the next start.
 *
 * @throws what the sink throws that is not retryable
 */
export async function listening(
  { addresses: [account], custodian }: Mailbox,
  of: { readonly state: StateFile<"coverage">; readonly now: () => Date; readonly sink: Sink },
  beat: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { state, now, sink } = of;
  const options = {
    state,
    about: { network: "email", method: "journal", account, custodian, connector: CONNECTOR },
    keeps: { ms: RETRIES_MS, why: WHY },
    record: (events: readonly Captured[]) => sink.capture(events),
  } as const;
  await keepListening(options, now, beat, signal);
}
