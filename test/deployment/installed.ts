import { cachedProgram, kafkaLibraries } from "@daybook/lab";

const missing = [
  ...(kafkaLibraries() ? [] : ["Kafka"]),
  ...["versitygw", "toxiproxy-server"].filter((name) => cachedProgram(name) === undefined),
];

/** Describes something on a whole deployment; where an engine is not installed it is skipped, with one loud line. */
export const describeDeployed: jest.Describe = missing.length === 0 ? describe : describe.skip;
/** The same for a single test. */
export const itDeployed: jest.It = missing.length === 0 ? it : it.skip;
if (missing.length > 0)
  console.warn(`${missing.join(", ")} not installed (npm run lab -- --install): deployments are SKIPPED`);
