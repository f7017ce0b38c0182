import { statSync } from "node:fs";
import { directoryFiles } from "./directory-files.ts";
import { VerifyError } from "./error.ts";
import type { PackageFiles } from "./package-files.ts";
import type { Problems } from "./problems.ts";
import { zipFiles } from "./zip-files.ts";

/**
 * Opens a package: a directory, or a ZIP that holds one folder.
 *
 * @throws {VerifyError} `not-found`, `unreadable`
 */
export function openPackage(path: string, problems: Problems): PackageFiles {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isDirectory() && !stat?.isFile())
    throw new VerifyError("not-found", "there is no package at that path");
  try {
    return stat.isDirectory() ? directoryFiles(path, problems) : zipFiles(path, problems);
  } catch (cause) {
    throw new VerifyError("unreadable", "the package cannot be read", { cause });
  }
}
