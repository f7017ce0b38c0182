import type { Action } from "@daybook/runtime";
import { z } from "zod";

/** A way to content, and what its pages and the API call it: under a matter, or one's own. */
export interface Door {
  /** Path of its pages, with parameters; and the API's. */
  readonly base: "/matters/:id" | "/my";
  readonly api: "/api/v1" | "/api/v1/self";
  readonly action: Action;
  readonly listing: Action;
  readonly params: { readonly id?: z.ZodUUID };
}

export const DOORS: readonly Door[] = [
  {
    base: "/matters/:id",
    api: "/api/v1",
    action: "record.view",
    listing: "search",
    params: { id: z.uuid() },
  },
  { base: "/my", api: "/api/v1/self", action: "self.content", listing: "self.content", params: {} },
];

/** Where somebody is: the path that the door's pages have for them, and the reason that the API is given. */
export interface Place {
  readonly base: string;
  /** The matter's id; null for one's own. */
  readonly matter: string | null;
}

/** @param params as `door.params` parsed them */
export function placeOf(params: { readonly id?: unknown }): Place {
  return typeof params.id === "string"
    ? { base: `/matters/${params.id}`, matter: params.id }
    : { base: "/my", matter: null };
}

/** What a query of the API says of the reason. */
export function reasonOf({ matter }: Place): { matter?: string } {
  return matter === null ? {} : { matter };
}

export const KEY = z.string().regex(/^-?\d{1,19}$/);
export const RECORD = z.string().regex(/^[0-9a-f]{32}$/);
