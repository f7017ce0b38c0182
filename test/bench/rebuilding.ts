import { join } from "node:path";
import { Daybook } from "../e2e/support/daybook.ts";
import { type Bench, figure, timed } from "./figure.ts";
import { writeChat } from "./spine/chat-text.ts";
import { peakBytes } from "./spine/peak.ts";

const RECORDS = 1_000_000;
const SECONDS = 180;
const MB = 1_000_000;

/** The catalogue of a million records made again by `daybook rebuild`, from objects and keys, on embedded engines. */
export const rebuilding: Bench = async ({ scale, dir, say }) => {
  const messages = Math.round(RECORDS * scale);
  const daybook = new Daybook();
  try {
    await daybook.up();
    const path = join(dir, "WhatsApp Chat with Ann.txt");
    await writeChat(path, messages);
    say("importing");
    await daybook.json(["import", path, "--custodian", "Ann"]);
    // So that what is measured of its memory is the rebuild's.
    await daybook.stop();
    await daybook.up();
    const before = peakBytes(daybook.server?.pid ?? 0);
    say("rebuilding");
    const { ms, value } = await timed(async () => {
      const { code, stdout, stderr } = await daybook.run(["rebuild", "--json"]);
      if (code !== 0) throw new Error(`the rebuild broke off: ${stderr}`);
      return JSON.parse(stdout) as { records: number };
    });
    if (value.records < messages) throw new Error(`${value.records} of ${messages} records were made again`);
    const peak = peakBytes(daybook.server?.pid ?? 0);
    return [
      figure({
        figure: `rebuild of ${messages.toLocaleString("en-GB")} records`,
        value: ms / 1_000,
        unit: "s",
        aim: `${SECONDS * scale} s`,
        met: (seconds) => seconds <= SECONDS * scale,
      }),
      figure({
        figure: "peak memory of the server in that rebuild",
        value: peak / MB,
        unit: "MB",
        baseline: { name: "the same server before it", value: before / MB },
        aim: "under 400 MB",
        met: (megabytes) => megabytes < 400,
      }),
    ];
  } finally {
    await daybook.remove();
  }
};
