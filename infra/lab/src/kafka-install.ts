import { join } from "node:path";
import { installLibraries, librariesOf, type MavenList } from "./maven-libraries.ts";

/** The parts of the repository that say what the broker consists of and how it logs. */
export const KAFKA_FILES = join(import.meta.dirname, "..", "kafka");

const KAFKA: MavenList = { name: "kafka", title: "Kafka", pom: join(KAFKA_FILES, "pom.xml") };

/** Where the jars are of the list that is in force; undefined until `installKafka` has put them there. */
export function kafkaLibraries(env?: NodeJS.ProcessEnv): string | undefined {
  return librariesOf(KAFKA, env);
}

/**
 * Has Maven copy the broker's jars into the lab's cache: see `installLibraries`.
 *
 * @throws {Error} when Maven is missing or fails, with what it said
 */
export async function installKafka(env?: NodeJS.ProcessEnv): Promise<void> {
  await installLibraries(KAFKA, env);
}
