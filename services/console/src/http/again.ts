import { type ApiClient, type Principal, ProblemError } from "@daybook/runtime";
import type { Request } from "express";
import { z } from "zod";
import type { Page } from "../page.ts";

/** How somebody shows again who they are, and until when that holds. */
export const confirmation = z.object({
  how: z.enum(["passkey", "directory", "trial"]),
  until: z.string().nullable(),
});

/** Where somebody first shows who they are, to come back to where this page is asked for. */
export function confirmFor({ confirmed = "/" }: Pick<Page, "confirmed">, { params }: Request): string {
  const back = confirmed.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(params[name])));
  return `/confirm?next=${encodeURIComponent(back)}`;
}

/**
 * Where a browser goes before it is shown a page: to have the directory say again what somebody may do, where it is time
 * for that, and to show who they are, where the page wants it.
 *
 * @param isUnderWay that the directory was asked a moment ago: then it is not asked again
 */
export async function detourOf(
  one: Page,
  request: Request,
  of: { principal: Principal; api: ApiClient; isUnderWay: boolean },
): Promise<string | undefined> {
  if (one.method !== "get" || one.file) return undefined;
  if (of.principal.renew === true && !of.isUnderWay && isNavigation(request))
    return `/renew?next=${encodeURIComponent(request.originalUrl)}`;
  if (one.confirmed === undefined) return undefined;
  return (await isConfirmed(of.api)) ? undefined : confirmFor(one, request);
}

/** Whether nothing is asked of whoever is here; it never is of a token. */
async function isConfirmed(api: ApiClient): Promise<boolean> {
  try {
    const { until } = await api.call("get", "/api/v1/self/confirmation", { response: confirmation });
    return until !== null;
  } catch (error) {
    if (error instanceof ProblemError && error.status === 409) return true;
    throw error;
  }
}

/** A script that reads a page cannot be sent to another site. */
function isNavigation(request: Request): boolean {
  const dest = request.get("sec-fetch-dest");
  return dest === undefined || dest === "document";
}
