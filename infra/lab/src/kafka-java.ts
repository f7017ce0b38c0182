import { existsSync } from "node:fs";
import { join } from "node:path";
import { KAFKA_FILES } from "./kafka-install.ts";

/** Where the classes are of a broker that has run, as Java keeps them for the next: `keepKafkaClasses`. */
export function classesOf(libraries: string): string {
  return join(libraries, "classes.jsa");
}

/** What `java` is told before the name of one of Kafka's programs: they start fast, and log what matters. */
export function javaOf(libraries: string): string[] {
  const classes = classesOf(libraries);
  return [
    ...["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"],
    // Another Java than the one that kept them does without.
    ...(existsSync(classes) ? [`-XX:SharedArchiveFile=${classes}`, "-Xlog:cds=off"] : []),
    `-Dlog4j2.configurationFile=${join(KAFKA_FILES, "log4j2.properties")}`,
    ...["-cp", join(libraries, "*")],
  ];
}
