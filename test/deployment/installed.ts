import { cachedProgram, kafkaLibraries } from "@daybook/lab";
import type { StoreName } from "./store.ts";

const isBuilt = (name: string) => cachedProgram(name) !== undefined;
const missing = [
  ...(kafkaLibraries() ? [] : ["Kafka"]),
  ...["versitygw", "toxiproxy-server"].filter((name) => !isBuilt(name)),
];

/** Describes something on a whole deployment; where an engine is not installed it is skipped, with one loud line. */
export const describeDeployed: jest.Describe = missing.length === 0 ? describe : describe.skip;
/** The same for a single test. */
export const itDeployed: jest.It = missing.length === 0 ? it : it.skip;
if (missing.length > 0)
  console.warn(`${missing.join(", ")} not installed (npm run lab -- --install): deployments are SKIPPED`);

/** What a deployment's object store can be here, for what has to hold on each. */
export function deployedStores(): readonly StoreName[] {
  if (isBuilt("minio")) return ["versitygw", "minio"];
  console.warn("minio is not built (npm run lab -- --install): deployments on it are SKIPPED");
  return ["versitygw"];
}
