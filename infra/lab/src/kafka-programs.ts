import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { kafkaLibraries } from "./kafka-install.ts";
import { javaOf } from "./kafka-java.ts";
import type { KafkaSecureAccess } from "./kafka.ts";

const PROGRAMS = {
  "kafka-topics.sh": "org.apache.kafka.tools.TopicCommand",
  "kafka-configs.sh": "org.apache.kafka.tools.ConfigCommand",
  "kafka-acls.sh": "org.apache.kafka.tools.AclCommand",
};

/** Kafka's programs for its administrator, and who they act as. */
export interface KafkaPrograms {
  /** The folder they are in. */
  readonly bin: string;
  /** A file of properties, for `--command-config`. */
  readonly config: string;
}

/**
 * Makes Kafka's programs as they are called in its distribution, and the properties of a login for them.
 *
 * @param dir made when it is not there
 * @returns undefined when Kafka is not installed
 */
export async function makeKafkaPrograms(
  dir: string,
  { ca, username, password }: KafkaSecureAccess,
): Promise<KafkaPrograms | undefined> {
  const libraries = kafkaLibraries();
  if (!libraries) return undefined;
  const bin = join(dir, "bin");
  await mkdir(bin, { recursive: true, mode: 0o700 });
  const java = ["java", "-Xmx128m", ...javaOf(libraries)].map((word) => `'${word}'`).join(" ");
  for (const [name, program] of Object.entries(PROGRAMS)) {
    const path = join(bin, name);
    await writeFile(path, `#!/bin/sh\nexec ${java} ${program} "$@"\n`);
    await chmod(path, 0o700);
  }
  const config = join(dir, "admin.properties");
  const properties = [
    "security.protocol=SASL_SSL",
    "sasl.mechanism=SCRAM-SHA-512",
    "sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required " +
      `username="${username}" password="${password}";`,
    "ssl.truststore.type=PEM",
    `ssl.truststore.certificates=${ca.trim().replaceAll("\n", "\\n")}`,
  ];
  await writeFile(config, properties.join("\n") + "\n", { mode: 0o600 });
  return { bin, config };
}
