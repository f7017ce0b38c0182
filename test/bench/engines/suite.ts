import type { Bench } from "../figure.ts";
import { acknowledgingOnKafka } from "./acknowledging.ts";
import { archivingOnEngines } from "./archiving.ts";
import { failingOver } from "./failing-over.ts";

/** What the real engines cost, beside what one would write without Daybook. */
export const ENGINES: Readonly<Record<string, Bench>> = {
  "kafka-to-s3": archivingOnEngines,
  "kafka-acknowledgement": acknowledgingOnKafka,
  failover: failingOver,
};
