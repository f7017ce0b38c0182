import { lstatSync, statSync } from "node:fs";
import { malformed } from "../../database/malformed.ts";

/**
 * Which file lies at a path, on which disk: another in its place is another.
 *
 * @throws the system's error, where it is not there or may not be seen
 * @throws {ConnectorError} `malformed` for a link
 */
export function fileAt(path: string): string {
  if (lstatSync(path).isSymbolicLink()) throw malformed("it is a link");
  const { dev, ino } = statSync(path);
  return `${dev}/${ino}`;
}
