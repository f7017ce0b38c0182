import { parametersOf, singleValues } from "../form.ts";
import type { Received } from "../source.ts";

/**
 * What JSON or a form says; undefined for what is neither, or says a thing twice.
 *
 * @param reviver of JSON: it takes longer, so not before something proves who sent it
 */
export function valueOf(
  { mediaType, body }: Pick<Received, "mediaType" | "body">,
  reviver?: Parameters<typeof JSON.parse>[1],
): unknown {
  if (mediaType === "application/x-www-form-urlencoded") {
    const parameters = parametersOf(body);
    return parameters && singleValues(parameters);
  }
  if (mediaType !== "application/json" && !mediaType.endsWith("+json")) return undefined;
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body), reviver);
  } catch {
    return undefined;
  }
}

/** The names and values of one level; undefined where a value is neither text nor a number. */
export function flatOf(received: Pick<Received, "mediaType" | "body">): Record<string, string> | undefined {
  const value = valueOf(received);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const flat = new Map<string, string>();
  for (const [name, one] of Object.entries(value)) {
    if (typeof one !== "string" && typeof one !== "number") return undefined;
    flat.set(name, String(one));
  }
  return Object.fromEntries(flat);
}
