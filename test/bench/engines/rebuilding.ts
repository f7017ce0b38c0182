import { join } from "node:path";
import { type Figure, figure, type Run, timed } from "../figure.ts";
import { peakBytes } from "../spine/peak.ts";
import { storedBytes } from "./requests.ts";
import type { Stand } from "./stand.ts";

const MILLION = 1_000_000;
const SECONDS = 180;
const MB = 1_000_000;

/**
 * What the other figures left on S3, checked, and its catalogue made again from there and the private key. With what each
 * record takes of the catalogue and of one home of the keyring, which sizing asks for.
 *
 * @param records that are there at least
 */
export async function rebuildOnEngines(stand: Stand, records: number, { say }: Run): Promise<Figure[]> {
  const { deployment } = stand;
  const { postgres } = deployment.engines;
  const service = deployment.services.get("records")!;
  // So that what is measured of its memory is the rebuild's.
  await service.stop();
  service.start();
  await service.ready();
  const before = peakBytes(service.pid);
  say(`rebuilding ${records} records`);
  const rebuilt = await timed(() => deployment.json<{ records: number }>(["rebuild"]));
  if (rebuilt.value.records < records)
    throw new Error(`${rebuilt.value.records} of ${records} records were made again`);
  const peak = peakBytes(service.pid);
  say("checking them");
  const checked = await timed(() => deployment.run(["log", "fsck", "--json"]));
  if (checked.value.code !== 0) throw new Error(`the logs are not clean: ${checked.value.stdout}`);
  const [[size]] = (await postgres.sql("SELECT pg_database_size(current_database())", [], {
    ...postgres.admin,
    database: deployment.engines.logins.records.database,
  })) as [[string]];
  const keyring = await storedBytes([join(deployment.dir, "store/data/keyring")]);
  const count = rebuilt.value.records.toLocaleString("en-GB");
  const perMillion = (ms: number) => (ms / 1_000) * (MILLION / rebuilt.value.records);
  const apart = (name: string, value: number, unit: string) =>
    figure({ figure: name, value, unit, aim: "said apart", met: () => true });
  return [
    figure({
      figure: `rebuild from S3 of 1,000,000 records, reckoned from ${count}`,
      value: perMillion(rebuilt.ms),
      unit: "s",
      aim: `${SECONDS} s`,
      met: (seconds) => seconds <= SECONDS,
    }),
    figure({
      figure: "peak memory of the records service in that rebuild",
      value: peak / MB,
      unit: "MB",
      baseline: { name: "the same service before it", value: before / MB },
      aim: "under 400 MB",
      met: (megabytes) => megabytes < 400,
    }),
    apart(`fsck of 1,000,000 records on S3, reckoned from ${count}`, perMillion(checked.ms), "s"),
    apart("bytes of the database a record", Number(size) / rebuilt.value.records, "bytes"),
    apart("bytes of one home of the keyring a record", keyring / rebuilt.value.records, "bytes"),
  ];
}
