import { join } from "node:path";
import { installLibraries, librariesOf, type MavenList } from "./maven-libraries.ts";

const JSMPP: MavenList = {
  name: "jsmpp",
  title: "jSMPP",
  pom: join(import.meta.dirname, "..", "jsmpp", "pom.xml"),
};

/** Where the jars of jSMPP are, an SMPP library with an SMSC; undefined until `installJsmpp` has put them there. */
export function jsmppLibraries(env?: NodeJS.ProcessEnv): string | undefined {
  return librariesOf(JSMPP, env);
}

/**
 * Has Maven copy them into the lab's cache: see `installLibraries`.
 *
 * @throws {Error} when Maven is missing or fails, with what it said
 */
export async function installJsmpp(env?: NodeJS.ProcessEnv): Promise<void> {
  await installLibraries(JSMPP, env);
}
