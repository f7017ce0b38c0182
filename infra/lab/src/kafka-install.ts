import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheDirectory } from "./cache.ts";

/** The parts of the repository that say what the broker consists of and how it logs. */
export const KAFKA_FILES = join(import.meta.dirname, "..", "kafka");

const POM = join(KAFKA_FILES, "pom.xml");
const INSTALL_MS = 300_000;

/** Where the jars are of the list that is in force; undefined until `installKafka` has put them there. */
export function kafkaLibraries(env?: NodeJS.ProcessEnv): string | undefined {
  const path = placeOf(env);
  return existsSync(path) ? path : undefined;
}

/** Another list is another place: who has started a broker of the old one keeps it. */
function placeOf(env?: NodeJS.ProcessEnv): string {
  const list = createHash("sha256").update(readFileSync(POM)).digest("hex").slice(0, 8);
  return join(cacheDirectory(env), "kafka", `libs-${list}`);
}

/**
 * Has Maven copy the broker's jars into the lab's cache. Does nothing where they are; may be repeated, also after
 * it was cut off.
 *
 * @throws {Error} when Maven is missing or fails, with what it said
 */
export async function installKafka(env: NodeJS.ProcessEnv = process.env): Promise<void> {
  if (kafkaLibraries(env)) return;
  const home = join(cacheDirectory(env), "kafka");
  const fresh = join(home, `new-${process.pid}`);
  await mkdir(home, { recursive: true });
  try {
    await promisify(execFile)(
      "mvn",
      [
        "-q",
        "-B",
        "-f",
        POM,
        "dependency:copy-dependencies",
        "-DincludeScope=runtime",
        `-DoutputDirectory=${fresh}`,
      ],
      { timeout: INSTALL_MS, env },
    );
    await rename(fresh, placeOf(env));
  } catch (cause) {
    await rm(fresh, { recursive: true, force: true });
    // Another process may have installed it meanwhile.
    if (kafkaLibraries(env)) return;
    const { stdout = "", message } = cause as Error & { stdout?: string };
    throw new Error(
      `Kafka could not be installed: have Maven (mvn) and Java 17 or later, and repeat. ${stdout || message}`,
      { cause },
    );
  }
}
