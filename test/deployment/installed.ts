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

/**
 * What a deployment's object store is, where locks are judged: `DAYBOOK_STORES=all` has MinIO judge too, beside which the
 * suites of `archive/s3` stand in every run.
 */
export function deployedStores(): readonly StoreName[] {
  if (process.env["DAYBOOK_STORES"] !== "all") return ["versitygw"];
  if (isBuilt("minio")) return ["versitygw", "minio"];
  console.warn("minio is not built (npm run lab -- --install): deployments on it are SKIPPED");
  return ["versitygw"];
}
