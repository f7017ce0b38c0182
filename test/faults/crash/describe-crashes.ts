import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { jest } from "@jest/globals";
import type { Stores } from "@daybook/archive-core";
import { eventRecords, exportAndVerify, isClean, openMatter, until } from "../../e2e/support/archive.ts";
import type { Driven, Ran } from "../../e2e/support/daybook.ts";
import { madeUpExport } from "../../fixtures/made-up-export.ts";
import { inconsistent, type SeenCheckpoint } from "../consistency.ts";

/** One way in which a part of a Daybook is killed. */
export interface Blow {
  /** Who is killed, and when. */
  readonly name: string;
  /** Waits for its moment, and kills. @returns false where that had not come some time after `over` aborted, and nothing was killed */
  strike(over: AbortSignal): Promise<boolean>;
}

/** A Daybook that can be started, killed and asked. */
export interface Crashable extends Driven {
  /** Starts what does not run, and resolves when all is ready. */
  start(): Promise<void>;
  /** In the middle of what, and how, it is killed. */
  readonly blows: Readonly<Record<"importing" | "exporting" | "disposing", readonly Blow[]>>;
  /** What lies in its stores, read without it. */
  stores(): Promise<Stores>;
  remove(): Promise<void>;
}

interface Disposal {
  readonly id: string;
  readonly state: string;
  readonly digest: string;
}

/**
 * What no crash may do to a Daybook, whatever it stands on.
 *
 * @param of.lines of each made-up export that is imported
 */
export function describeCrashes(
  name: string,
  of: {
    readonly open: () => Promise<Crashable>;
    readonly lines: number;
    readonly describe?: typeof describe;
  },
): void {
  (of.describe ?? describe)(name, () => {
    jest.setTimeout(900_000);
    const { lines } = of;
    const seen: SeenCheckpoint[] = [];
    const files: string[] = [];
    let daybook: Crashable;
    beforeAll(async () => {
      daybook = await of.open();
    });
    afterAll(() => daybook.remove());

    function newFile(): string {
      const chat = `harbour${files.length}`;
      const file = join(daybook.dir, `WhatsApp Chat with ${chat}.txt`);
      writeFileSync(
        file,
        madeUpExport(lines, (line) => `line ${line} of the halcyon log of ${chat}`),
      );
      files.push(file);
      return file;
    }
    const importing = (file: string) => ["import", file, "--custodian", "Ann"];

    async function keepCheckpoints(): Promise<void> {
      const { checkpoints } = await daybook
        .json<{ checkpoints: { shard: string; checkpoint: string }[] }>(["log", "checkpoint"])
        .catch(() => ({ checkpoints: [] }));
      seen.push(...checkpoints.map(({ shard, checkpoint }) => ({ shard, note: checkpoint })));
    }

    /** Runs a command, strikes in the middle of it, and starts again what was killed. */
    async function struck(blow: Blow, command: readonly string[]): Promise<Ran> {
      await daybook.start();
      const over = new AbortController();
      const running = daybook.run(command).finally(() => over.abort());
      const striking = blow.strike(over.signal);
      await keepCheckpoints();
      expect({ blow: blow.name, came: await striking }).toEqual({ blow: blow.name, came: true });
      await daybook.start();
      // The first may have been killed with the rest.
      await keepCheckpoints();
      return running;
    }

    it("loses and doubles nothing when it is killed in the middle of an import, again and again", async () => {
      // A file for each: of one whose lines had all come, a second import would commit nothing at which to strike.
      for (const blow of daybook.blows.importing) await struck(blow, importing(newFile()));
      const imported = async (path: string) =>
        daybook.json<{ records: number; files: { duplicates: number }[] }>(importing(path));
      for (const path of files) await imported(path);
      for (const path of files)
        expect(await imported(path)).toMatchObject({ records: 0, files: [{ duplicates: lines }] });

      expect(await isClean(daybook)).toBe(true);
      // Every line once, and the notice of each file once.
      expect(await eventRecords(daybook)).toBe(files.length * (lines + 1));
      const { ok, out } = await exportAndVerify(daybook, await openMatter(daybook, "Count"), "all");
      expect(ok).toBe(true);
      const texts = textsIn(out).filter((text) => text.includes("halcyon"));
      expect(texts).toHaveLength(files.length * lines);
      expect(new Set(texts).size).toBe(files.length * lines);
    });

    it("leaves no half package when it is killed in the middle of an export, and exports when asked again", async () => {
      await daybook.start();
      const matter = await openMatter(daybook, "Exports");
      for (const [i, blow] of daybook.blows.exporting.entries()) {
        const name = `cut-off-${i}`;
        const out = join(daybook.dir, name);
        const asked = ["export", "--matter", matter, "--out", out, "--query", "harbour0"];
        const { code, stderr } = await struck(blow, asked);
        const left = readdirSync(daybook.dir).filter((entry) => entry.includes(name));
        if (code === 0) expect(left.toSorted()).toEqual([name, `${name}.receipt`]);
        else {
          expect(left).toEqual([]);
          expect(stderr).toMatch(/^daybook: [^\n]+\n$/);
          await daybook.json(asked);
        }
        expect(await daybook.json(["verify", out])).toMatchObject({ ok: true });
      }
      expect(await isClean(daybook)).toBe(true);
    });

    it("destroys no record but by a logged decision, and then wholly, when it is killed in the middle of a disposal", async () => {
      await daybook.start();
      const matter = await openMatter(daybook, "Disposals");
      const reviewer = await daybook.json<{ token: string }>(
        "token add --name Rhona --role reviewer".split(" "),
      );
      const found = async (line: number) => {
        const words = `"line ${line} of the halcyon log of harbour0"`;
        return daybook.json<{ results: { id: string }[] }>(["search", words, "--matter", matter]);
      };
      for (const [line, blow] of daybook.blows.disposing.entries()) {
        const { id: record } = (await found(line)).results[0]!;
        const { id, digest } = await daybook.json<Disposal>([
          ...["dispose", "propose", "--id", record, "--reason", "no value", "--authority", "DA-1"],
        ]);
        await daybook.json(["dispose", "approve", id, "--digest", digest], { DAYBOOK_TOKEN: reviewer.token });
        await struck(blow, ["dispose", "execute", id]);
        const disposal = () => daybook.json<Disposal>(["dispose", "show", id]);
        if ((await disposal()).state === "approved") {
          expect((await found(line)).results).toHaveLength(1);
          await daybook.json(["dispose", "execute", id]);
        }
        await until("the disposal is done", async () => (await disposal()).state === "done");
        expect((await found(line)).results).toEqual([]);
      }
      expect(await isClean(daybook)).toBe(true);
      const disposed = daybook.blows.disposing.length;
      const { ok, out } = await exportAndVerify(daybook, matter, "after-disposals");
      expect(ok).toBe(true);
      expect(readdirSync(join(out, "data/disposals"))).toHaveLength(disposed);
      expect(textsIn(out).filter((text) => text.includes("halcyon"))).toHaveLength(
        files.length * lines - disposed,
      );
    });

    it("shows a log that continues every checkpoint that anybody saw", async () => {
      expect(seen.length).toBeGreaterThan(0);
      expect(await inconsistent(daybook.vkeys, await daybook.stores(), seen)).toEqual([]);
    });
  });
}

/** What the records of a package say. */
function textsIn(out: string): string[] {
  const dir = join(out, "data/records");
  return readdirSync(dir).flatMap((name) => {
    const { text } = JSON.parse(readFileSync(join(dir, name), "utf8")) as { text?: string };
    return text === undefined ? [] : [text];
  });
}
