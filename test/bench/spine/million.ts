import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Bench, type Figure, figure, type Run, timed } from "../figure.ts";
import { Daybook, runCommand } from "../../e2e/support/daybook.ts";
import { dayOf, writeChat } from "./chat-text.ts";
import { peakBytes } from "./peak.ts";
import { searching } from "./searching.ts";

const MESSAGES = 1_000_000;
const EXPORTED = 100_000;
const MB = 1_000_000;

/** One chat of a million messages, by the command line: brought in, searched, exported, verified. */
export const million: Bench = async (run) => {
  const messages = Math.round(MESSAGES * run.scale);
  const daybook = new Daybook();
  try {
    await daybook.up();
    const figures = await importing(daybook, run, messages);
    const { id: matter } = await daybook.json<{ id: string }>([
      "matter",
      "open",
      "--title",
      "Bench",
      "--kind",
      "audit",
    ]);
    figures.push(...(await exporting(daybook, run, matter)));
    await daybook.stop();
    figures.push(...(await searching(daybook, run, matter, messages)));
    return figures;
  } finally {
    await daybook.remove();
  }
};

async function importing(daybook: Daybook, { dir, say, scale }: Run, messages: number): Promise<Figure[]> {
  const path = join(dir, "WhatsApp Chat with Ann.txt");
  const bytes = await writeChat(path, messages);
  say("importing");
  const { ms, value } = await timed(() =>
    daybook.json<{ records: number }>(["import", path, "--custodian", "Ann"]),
  );
  if (value.records < messages) throw new Error(`${value.records} of ${messages} messages were recorded`);
  const peak = peakBytes(daybook.server?.pid ?? 0);
  const copied = await timed(() =>
    runCommand("dd", [`if=${path}`, `of=${path}.copy`, "bs=1M", "conv=fsync"]),
  );
  return [
    figure({
      figure: `import of a ${Math.round(bytes / MB)} MB export, whole way`,
      value: ms / 1000,
      unit: "s",
      baseline: { name: "dd of the file, with fsync", value: copied.ms / 1000 },
      aim: `${100 * scale} s`,
      met: (seconds) => seconds <= 100 * scale,
    }),
    figure({
      figure: "peak memory of the server and its sealing process in that import",
      value: peak / MB,
      unit: "MB",
      aim: "under 400 MB",
      met: (megabytes) => megabytes < 400,
    }),
  ];
}

async function exporting(daybook: Daybook, { dir, say, scale }: Run, matter: string): Promise<Figure[]> {
  const count = Math.round(EXPORTED * scale);
  const range = ["--from", dayOf(0), "--to", dayOf(count - 1)];
  const out = join(dir, "packages");
  await mkdir(out);
  const every = join(out, "every.zip");
  const take = async (path: string, formats: readonly string[]) => {
    const args = ["export", "--matter", matter, "--out", path, ...range, ...formats];
    const { ms, value } = await timed(() => daybook.json<{ records: number }>(args));
    if (value.records < count) throw new Error(`${value.records} of ${count} records were exported`);
    return ms / 1000;
  };
  say("exporting every format");
  const everyFormat = await take(every, []);
  say("exporting records alone");
  const alone = await take(join(out, "alone.zip"), ["--formats", "records"]);
  say("verifying");
  const verified = await timed(() => daybook.json<{ ok: boolean }>(["verify", every]));
  if (!verified.value.ok) throw new Error("the package is not good");
  const hashed = async (path: string) => (await timed(() => runCommand("sha256sum", [path]))).ms / 1000;
  const beside = async (path: string) => ({ name: "sha256sum of the ZIP", value: await hashed(path) });
  const seconds = (name: string, value: number, baseline: { name: string; value: number }, aim: number) =>
    figure({
      figure: `${name}, ${count.toLocaleString("en-GB")} records`,
      value,
      unit: "s",
      baseline,
      aim: `${aim * scale} s`,
      met: (took) => took <= aim * scale,
    });
  const figures = [
    seconds("export to ZIP, every format", everyFormat, await beside(every), 60),
    seconds("export to ZIP, records and proofs", alone, await beside(join(out, "alone.zip")), 10),
    seconds("verify of the package of every format", verified.ms / 1000, await beside(every), 30),
  ];
  await rm(out, { recursive: true });
  return figures;
}
