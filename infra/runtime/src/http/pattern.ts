const PATH = /^\/(?:api|internal)\/v1(?:\/(?::[a-zA-Z]+|[a-z0-9][a-z0-9.-]*))+(?:\/\*[a-zA-Z]+)?$/;

/** One path of the API, matched without regard to method. */
export interface PathPattern {
  readonly path: string;
  readonly names: readonly string[];
  readonly expression: RegExp;
}

/**
 * A last `*parameter` takes any number of segments: Express gives them as a list.
 *
 * @throws {TypeError} for a path that is not made of literal segments and parameters under `/api/v1`, or under
 *   `/internal/v1` for what only services of the deployment call
 */
export function pathPattern(path: string): PathPattern {
  if (!PATH.test(path)) throw new TypeError(`not a path of the API: ${path}`);
  const parts = path.split("/").slice(1);
  const expression = parts.map((part) =>
    part.startsWith(":") ? "([^/]+)" : part.startsWith("*") ? "(.+)" : part.replaceAll(".", "\\."),
  );
  return {
    path,
    names: parts.filter((part) => /^[:*]/.test(part)).map((part) => part.slice(1)),
    expression: new RegExp(`^/${expression.join("/")}/?$`),
  };
}

/** Sorts literal segments before parameters, and those before lists of segments, so that `/matters/open` is never read as a matter's id. */
export function bySpecificity(a: { path: string }, b: { path: string }): number {
  const key = (path: string) => path.replaceAll(/:[a-zA-Z]+/g, "\ufffe").replaceAll(/\*[a-zA-Z]+/g, "\uffff");
  const [left, right] = [key(a.path), key(b.path)];
  return left < right ? -1 : left > right ? 1 : 0;
}
