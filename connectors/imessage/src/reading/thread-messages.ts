import type { ConnectorErrorCode } from "@daybook/contract";
import type { Entry } from "./entry.ts";

/** What a reading thread is told first: the files' bytes, which it takes over. Whatever it is told next asks for more. */
export interface Image {
  readonly database: Uint8Array<ArrayBuffer>;
  readonly log: Uint8Array<ArrayBuffer> | undefined;
}

/** What it tells: that the database is open, then entries, each time that it is asked for more. */
export type Answer =
  | { readonly what: "opened" }
  | { readonly what: "entries"; readonly entries: readonly Entry[] }
  | { readonly what: "done" }
  | { readonly what: "failed"; readonly code: ConnectorErrorCode; readonly message: string };
