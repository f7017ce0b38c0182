import type { ApiClient } from "@daybook/runtime";
import { type Link, links } from "./health-answers.ts";

/** How links stand; undefined where capture does not answer. */
export async function linksOf(api: ApiClient): Promise<readonly Link[] | undefined> {
  return (await api.call("get", "/api/v1/links", { response: links }).catch(() => undefined))?.accounts;
}
