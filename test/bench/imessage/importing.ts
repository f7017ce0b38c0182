import { join } from "node:path";
import { Daybook } from "../../e2e/support/daybook.ts";
import { openMessages } from "../../../connectors/imessage/src/open-messages.ts";
import { fileMember } from "./file-member.ts";
import { writeRows } from "./rows.ts";
import { type Bench, figure, timed } from "../figure.ts";

const ROWS = 500_000;

/** A `chat.db` of half a million messages: read alone, and imported by the command line until all can be searched. */
export const importing: Bench = async ({ scale, dir, say }) => {
  const rows = ROWS * scale;
  say(`writing ${rows} messages`);
  const mac = join(dir, "Messages");
  writeRows(mac, rows).close();

  say("reading them");
  const database = await fileMember(join(mac, "chat.db"));
  const read = await timed(async () => {
    await using messages = await openMessages({ database, log: undefined, attachment: () => undefined });
    let events = 0;
    for await (const _ of messages.entries()) events += 1;
    return events;
  });

  say("importing them");
  const daybook = new Daybook();
  try {
    await daybook.up();
    const imported = await timed(() =>
      daybook.json<{ records: number }>(["import", mac, "--custodian", "Olivia Sinclair"]),
    );
    // The file's own notice is one more.
    if (imported.value.records !== rows + 1)
      throw new Error(`${imported.value.records} records of ${rows} rows`);
    const readRate = read.value / (read.ms / 1_000);
    return [
      figure({
        figure: "chat.db read",
        value: readRate,
        unit: "rows/s",
        aim: "20,000",
        met: (value) => value >= 20_000,
      }),
      figure({
        figure: "chat.db imported, until it can be searched",
        value: rows / (imported.ms / 1_000),
        unit: "rows/s",
        baseline: { name: "read alone", value: readRate },
        aim: "20,000",
        met: (value) => value >= 20_000,
      }),
    ];
  } finally {
    await daybook.remove();
  }
};
