import type { Captured, Sink } from "@daybook/contract";
import { keepListening } from "@daybook/keeping";
import { type BusinessNumber, CONNECTOR } from "./options.ts";
import type { BusinessState } from "./state.ts";

/** Meta sends again for so long what was not answered; what came before may be lost. */
const RETRIES_MS = 7 * 86_400_000;
const WHY = "Nobody listened for longer than WhatsApp sends again: what came at first may be lost";

/**
 * Keeps account of when this process listened for a number, until `signal` aborts; `beat` resolves when it is time for the
 * next mark. Whether Meta reaches it is not known by it. The last interval is recorded at the next start.
 *
 * @throws what the sink throws that is not retryable
 */
export async function listening(
  { phoneNumberId: account, custodian }: BusinessNumber,
  { state, now, sink }: { readonly state: BusinessState; readonly now: () => Date; readonly sink: Sink },
  beat: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const options = {
    state,
    about: { network: "whatsapp", method: "business-api", account, custodian, connector: CONNECTOR },
    keeps: { ms: RETRIES_MS, why: WHY },
    record: (events: readonly Captured[]) => sink.capture(events),
  } as const;
  await keepListening(options, now, beat, signal);
}
