import { cp, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Bench, figure, percentile } from "../figure.ts";
import { ConnectorProcess } from "./connector-process.ts";
import { SignalStand } from "./stand.ts";

const ACCOUNTS = 51;
const MIB = 2 ** 20;

/** How long a phone takes to be linked and live, and what an account costs that nobody writes to. */
export const idling: Bench = async ({ scale, dir, say }) => {
  const count = Math.max(6, Math.round(ACCOUNTS * scale));
  await using open = new AsyncDisposableStack();
  const stand = await SignalStand.open(dir);
  open.defer(() => stand.close());
  const phones = [];
  for (let i = 0; i < count; i += 1) phones.push(await stand.phone(`Official ${i}`));
  say(`links ${count} phones`);
  const all = join(dir, "all");
  const times = (await stand.link(all, phones)).map(({ ms }) => ms);
  const one = join(dir, "one");
  await mkdir(one);
  for (const name of (await readdir(all)).sort().slice(0, 1)) await cp(join(all, name), join(one, name));

  say("idles");
  const resident = async (of: string, accounts: number) => {
    const connector = await ConnectorProcess.start(of, stand.description, accounts);
    connector.go();
    await connector.mark(0);
    // What is done on each connection is done by then.
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    const { rssBytes } = await connector.mark(0);
    await connector.kill();
    return rssBytes;
  };
  const alone = await resident(one, 1);
  const together = await resident(all, count);
  return [
    figure({
      figure: "from the scanned code to a live link, slowest",
      value: Math.max(...times),
      unit: "ms",
      baseline: { name: "median", value: percentile(times, 0.5) },
      aim: "under 1,000 ms",
      met: (value) => value < 1_000,
    }),
    figure({
      figure: `memory an idle account, of ${count}`,
      value: (together - alone) / (count - 1) / MIB,
      unit: "MiB",
      aim: "under 4 MB",
      met: (value) => value * MIB < 4e6,
    }),
    figure({
      figure: "memory of a process with one idle account",
      value: alone / MIB,
      unit: "MiB",
      aim: "said apart",
      met: () => true,
    }),
  ];
};
