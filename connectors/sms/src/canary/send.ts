/**
 * Sends a text to an official number by another way than the one that is tested.
 *
 * @param to E.164, with its plus
 * @throws what says that it could not be sent: nothing is known of the channel by that
 */
export type SendText = (to: string, text: string, signal: AbortSignal) => Promise<void>;

/** What a canary is told. */
export interface SmsCanary {
  readonly send: SendText;
  /** Between two tests of a number. An hour unless given. */
  readonly everyMs?: number;
  /** Until each has to be there: less. 5 minutes unless given. */
  readonly withinMs?: number;
}
