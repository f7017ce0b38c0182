/** No provider sends so many. */
const MAX_PARAMETERS = 1_000;
const AND = "&".charCodeAt(0);

/**
 * A form's names and values, in its order, repeated ones too; undefined for more than any provider sends.
 *
 * @see WHATWG URL, "application/x-www-form-urlencoded parsing"
 */
export function parametersOf(body: Buffer): readonly (readonly [string, string])[] | undefined {
  let count = 1;
  for (let at = body.indexOf(AND); at >= 0; at = body.indexOf(AND, at + 1)) {
    count += 1;
    if (count > MAX_PARAMETERS) return undefined;
  }
  return [...new URLSearchParams(body.toString("utf8"))];
}

/** By name; undefined where a name stands twice with different values: which is meant, nobody can say. */
export function singleValues(
  parameters: readonly (readonly [string, string])[],
): Readonly<Record<string, string>> | undefined {
  const values = new Map<string, string>();
  for (const [name, value] of parameters) {
    if ((values.get(name) ?? value) !== value) return undefined;
    values.set(name, value);
  }
  return Object.fromEntries(values);
}
