import { PackageError } from "./error.ts";

const SAFE_PATH = /^[A-Za-z0-9_][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/;
const MAX_PATH = 240;

/**
 * Lets pass only paths that mean the same on every file system and to `sha256sum`: ASCII, relative, no segment
 * that begins with a dot or a hyphen, no `%`, CR or LF (RFC 8493 section 2.1.3).
 *
 * @throws {PackageError} `unsafe-name`
 */
export function safePath(path: string): string {
  if (path.length > MAX_PATH || !SAFE_PATH.test(path))
    throw new PackageError("unsafe-name", "a package has no file of that name");
  return path;
}

/** One segment of a path, as `safePath`. @throws {PackageError} `unsafe-name` */
export function safeSegment(name: string): string {
  if (name.includes("/")) throw new PackageError("unsafe-name", "a folder's name has no slash");
  return safePath(name);
}

/** What of a person's or conversation's name can stand in a file name: lower-case ASCII, perhaps nothing. */
export function slug(name: string): string {
  return name
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 32)
    .replace(/^-+|-+$/g, "");
}
