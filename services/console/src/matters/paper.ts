import type { ApiClient } from "@daybook/runtime";
import { z } from "zod";

const named = z.object({ title: z.string(), reference: z.string().nullable() });

/** What a sheet of paper says of the matter that its page was read under; nothing of a page that is under none. */
export async function paperOf(api: ApiClient, id: string | null): Promise<z.infer<typeof named> | undefined> {
  if (id === null) return undefined;
  return api.call("get", "/api/v1/matters/:id", { params: { id }, response: named });
}
