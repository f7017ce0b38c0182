import { ArchiveError } from "@daybook/archive-core";

const MAX_KEY = 512;
const SEGMENT = /^[A-Za-z0-9._-]+$/;

/** @throws {ArchiveError} `malformed` */
export function checkKey(key: string): void {
  const isKey =
    key.length <= MAX_KEY && key.split("/").every((s) => SEGMENT.test(s) && s !== "." && s !== "..");
  if (!isKey) throw new ArchiveError("malformed", "not a key of an object");
}
