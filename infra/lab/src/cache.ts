import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** Where the lab keeps the engines it fetched, outside the repository: `DAYBOOK_LAB`, else the user's cache. */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  return env.DAYBOOK_LAB ?? join(env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "daybook-lab");
}

/** A program that the lab built; undefined until `npm run lab -- --install` has made it. */
export function cachedProgram(name: string, env?: NodeJS.ProcessEnv): string | undefined {
  const path = join(cacheDirectory(env), "bin", name);
  return existsSync(path) ? path : undefined;
}
