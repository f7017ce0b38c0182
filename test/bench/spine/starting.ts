import { type Bench, figure, percentile, timed } from "../figure.ts";
import { Daybook, runCommand } from "../../e2e/support/daybook.ts";

const ROUNDS = 5;

/** From the command to the line that says it answers: a new home, then the same home again. */
export const starting: Bench = async ({ scale }) => {
  const first: number[] = [];
  const later: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < Math.max(1, ROUNDS * scale); round += 1) {
    const daybook = new Daybook();
    try {
      first.push((await timed(() => daybook.up())).ms);
      await daybook.stop();
      bare.push((await timed(() => runCommand(process.execPath, ["-e", "0"]))).ms);
      later.push((await timed(() => daybook.up())).ms);
    } finally {
      await daybook.remove();
    }
  }
  const one = (name: string, times: readonly number[], seconds: number) =>
    figure({
      figure: `${name} start to ready`,
      value: percentile(times, 0.5) / 1000,
      unit: "s",
      baseline: { name: "node -e 0", value: percentile(bare, 0.5) / 1000 },
      aim: `${seconds} s`,
      met: (value) => value <= seconds,
    });
  return [one("first", first, 5), one("later", later, 1.5)];
};
