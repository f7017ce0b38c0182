/** A medium that a message names. */
export interface Medium {
  readonly url: string;
  readonly mediaType: string;
  readonly name: string;
}

/** What one item of a webhook says. */
export type Said =
  | {
      readonly what: "message";
      /** The provider's own. */
      readonly id: string;
      readonly from: string;
      readonly to: string;
      readonly text: string;
      /** The provider's clock. RFC 3339, UTC, milliseconds. */
      readonly sentAt?: string | undefined;
      readonly media: readonly Medium[];
    }
  | {
      readonly what: "status";
      readonly id: string;
      readonly from: string;
      readonly to: string;
      readonly status: string;
      readonly error?: string | undefined;
      readonly sentAt?: string | undefined;
    }
  /** Kept by its bytes alone. */
  | { readonly what: "unread"; /** A sentence, with no user data. */ readonly why: string };

export const UNREAD: Said = {
  what: "unread",
  why: "A webhook of the provider's could not be read: its bytes are kept",
};

const ZONED = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)$/;

/** A time with its zone, in UTC; undefined for any other: none is made up. */
export function instantOf(written: unknown): string | undefined {
  if (typeof written !== "string" || !ZONED.test(written)) return undefined;
  const time = new Date(written.replace(" ", "T"));
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}
