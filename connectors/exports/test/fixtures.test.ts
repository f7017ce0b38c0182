import { ConnectorError } from "@daybook/contract";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { bytesSource, identityOf, lineIdentity, openExport } from "../src/index.ts";
import { gathered } from "./reading.ts";

const folder = join(import.meta.dirname, "../../../test/fixtures/exports");
const expected = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as Record<string, unknown>;

/** What an import says of a file: a summary for each chat, warnings by code and line, or why it is refused. */
async function outcome(name: string): Promise<unknown> {
  try {
    const summaries: unknown[] = [];
    const chats = await openExport(bytesSource(readFileSync(join(folder, name))), name);
    for (const chat of chats) {
      const reading = chat.entries({ survey: await chat.survey() });
      await gathered(reading);
      const { warnings, ...summary } = reading.summary();
      summaries.push({
        ...summary,
        warnings: warnings.map(({ code, line }) => `${code} ${String(line)}`),
        orphans: chat.orphans().length,
      });
    }
    return summaries;
  } catch (error) {
    if (error instanceof ConnectorError) return error.code;
    throw error;
  }
}

describe("The fixtures of test/fixtures/exports", () => {
  it.each(Object.keys(expected))("are read as expected.json says: %s", async (name) => {
    expect(JSON.parse(JSON.stringify(await outcome(name)))).toEqual(expected[name]);
  });

  it("hold one chat in two languages, line for line of one identity", async () => {
    const lines = async (name: string) => {
      const [chat] = await openExport(bytesSource(readFileSync(join(folder, name))), name);
      const batches = await gathered(chat!.entries({ survey: await chat!.survey() }));
      return batches.flat().map((entry) => lineIdentity(identityOf(entry)));
    };
    const english = await lines("android-en-us.txt");
    expect(english).toHaveLength(10);
    expect(await lines("android-de-of-the-same.txt")).toEqual(english);
  });

  it("are all in expected.json", () => {
    const files = readdirSync(folder).filter((name) => /\.(txt|zip)$/.test(name));
    expect(Object.keys(expected).sort()).toEqual(files.sort());
  });
});
