import { existsSync } from "node:fs";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { classesOf } from "./kafka-java.ts";
import { kafkaLibraries } from "./kafka-install.ts";
import { startKafka } from "./kafka.ts";

/**
 * Runs a broker once for Java to keep its classes as it has them in memory: every later one starts in half the time.
 * Does nothing where they are kept; may be repeated.
 *
 * @returns whether they had to be made
 * @throws {Error} when Kafka is not installed, or does not start
 */
export async function keepKafkaClasses(): Promise<boolean> {
  const libraries = kafkaLibraries();
  if (!libraries) throw new Error("kafka is missing");
  if (existsSync(classesOf(libraries))) return false;
  const dir = await mkdtemp(join(tmpdir(), "daybook-lab-"));
  try {
    const fresh = `${classesOf(libraries)}-${process.pid}`;
    const kafka = await startKafka({
      dir: join(dir, "kafka"),
      secure: true,
      java: [`-XX:ArchiveClassesAtExit=${fresh}`],
    });
    await kafka?.stop("SIGTERM");
    await rename(fresh, classesOf(libraries));
    return true;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
