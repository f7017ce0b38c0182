import { isAbsolute } from "node:path";
import type { CdrSettings } from "@daybook/sms";
import { z } from "zod";
import { isZone } from "./run/zone.ts";

const column = z.string().trim().min(1).max(200);

/** An aggregator's files of its own records, that what came over SMPP is compared with: see `connectors/sms`. */
export const smsCdr = z
  .strictObject({
    dir: z.string().max(4_096).refine(isAbsolute, "must be a whole path"),
    columns: z.strictObject({ from: column, to: column, time: column, id: column.optional() }),
    only: z.record(column, z.array(z.string().max(200)).min(1).max(100)).default({}),
    delimiter: z.enum([",", ";", "|", "\t"]).default(","),
    dates: z.enum(["iso", "dmy", "mdy", "seconds"]).default("iso"),
    zone: z.string().max(64).refine(isZone, "must be a time zone of the IANA database").optional(),
  })
  .refine(({ dates, zone }) => zone !== undefined || dates === "seconds", {
    path: ["zone"],
    error: "is missing: no zone is made up",
  });
type SmsCdrSettings = z.infer<typeof smsCdr>;

export async function cdrOf({ zone, ...of }: SmsCdrSettings): Promise<CdrSettings> {
  const { zoneReader } = await import("@daybook/exports");
  const read = zoneReader(zone ?? "UTC");
  return { ...of, instantOf: (localTime) => Date.parse(read(localTime).instant) };
}
