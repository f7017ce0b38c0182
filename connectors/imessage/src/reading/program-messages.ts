import type { ConnectorErrorCode } from "@daybook/contract";
import type { Entry } from "./entry.ts";

/** What the reading process is told: each file's size and then its bytes, in their order; to open them; then, each time, for more. */
export type Ask =
  | { readonly what: "file"; readonly file: "database" | "log"; readonly sizeBytes: number }
  | { readonly what: "bytes"; readonly file: "database" | "log"; readonly bytes: Uint8Array }
  | { readonly what: "open" }
  | { readonly what: "more" };

/** What it tells: that the database is open, then entries, each time that it is asked for more. */
export type Answer =
  | { readonly what: "opened" }
  | { readonly what: "entries"; readonly entries: readonly Entry[] }
  | { readonly what: "done" }
  | { readonly what: "failed"; readonly code: ConnectorErrorCode; readonly message: string };
