import type { Authenticity, MailReading, Refusal } from "./reading.ts";

/** What the reading process is told. */
export type Ask =
  | { readonly what: "read"; readonly message: Uint8Array }
  | { readonly what: "check"; readonly message: Uint8Array }
  | {
      readonly what: "resolved";
      readonly question: number;
      readonly records?: string[][] | string[];
      readonly failed?: string;
    };

/** What it tells. */
export type Answer =
  | { readonly what: "read"; readonly reading: MailReading }
  | { readonly what: "checked"; readonly authenticity: Authenticity }
  | { readonly what: "refused"; readonly refused: Refusal }
  | { readonly what: "resolve"; readonly question: number; readonly name: string; readonly type: string };
