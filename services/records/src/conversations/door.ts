import type { Principal } from "@daybook/runtime";
import { z } from "zod";
import type { Sight, Sights } from "./sight.ts";

/** A way to content: the same routes behind each, by another path, right and reason. */
export interface Door {
  readonly base: "/api/v1" | "/api/v1/self";
  /** What lists, and what reads. */
  readonly listing: "search" | "self.content";
  readonly reading: "record.view" | "self.content";
  /** What a query string says of the reason. */
  readonly query: { readonly matter?: z.ZodUUID };
  /** And of what is marked in a conversation. */
  readonly marking: { readonly search?: z.ZodOptional<z.ZodUUID> };
  /** @param query as `query` has parsed it */
  open(query: { readonly matter?: unknown }, principal: Principal): Promise<Sight>;
}

/** Under a matter, and for custodians to what was captured of themselves. */
export function doors(sights: Sights): Door[] {
  return [
    {
      base: "/api/v1",
      listing: "search",
      reading: "record.view",
      query: { matter: z.uuid() },
      marking: { search: z.uuid().optional() },
      open: ({ matter }, principal) => sights.under(String(matter), principal),
    },
    {
      base: "/api/v1/self",
      listing: "self.content",
      reading: "self.content",
      query: {},
      marking: {},
      open: (_, principal) => Promise.resolve(sights.own(principal)),
    },
  ];
}
