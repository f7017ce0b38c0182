import { join } from "node:path";
import { KAFKA_FILES } from "./kafka-install.ts";

/** What `java` is told before the name of one of Kafka's programs: they start fast, and log what matters. */
export function javaOf(libraries: string): string[] {
  return [
    ...["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"],
    `-Dlog4j2.configurationFile=${join(KAFKA_FILES, "log4j2.properties")}`,
    ...["-cp", join(libraries, "*")],
  ];
}
