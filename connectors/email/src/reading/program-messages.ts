import type { Authenticity, MailReading, Refusal } from "./reading.ts";

/** What is to be known of the DNS. */
export interface Question {
  readonly name: string;
  readonly type: string;
}

/** What the DNS said, or the code of why it said nothing. */
export type Known = Question &
  ({ readonly records: string[][] | string[] } | { readonly records?: undefined; readonly failed: string });

/** What the reading process is told. */
export type Ask =
  | { readonly what: "read"; readonly message: Uint8Array }
  | { readonly what: "check"; readonly message: Uint8Array; readonly known: readonly Known[] };

/** What it answers. A check that needs to know more says what: it is asked again then. */
export type Answer =
  | { readonly what: "read"; readonly reading: MailReading }
  | { readonly what: "checked"; readonly authenticity: Authenticity }
  | { readonly what: "needs"; readonly questions: readonly Question[] }
  | { readonly what: "refused"; readonly refused: Refusal };
