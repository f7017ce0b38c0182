import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type ApiClient, apiClient } from "@daybook/runtime";
import { message, word } from "../../../archive/catalogue/bench/corpus.ts";
import { type Figure, figure, percentile, type Run, timed } from "../figure.ts";
import type { Daybook } from "../../e2e/support/daybook.ts";
import { dayOf } from "./chat-text.ts";

const EACH = 100;
const WARM_UP = 10;
const SETTLE_MS = 3_000;
/** What the live server is handed a second, as `live-server.ts` paces it. */
const ARRIVING = 2_000;

type Question = (n: number) => Record<string, string>;

/** Searches over the API, a page at a time, one after the other: idle, then while events arrive. */
export async function searching(
  daybook: Daybook,
  { say }: Run,
  matter: string,
  messages: number,
): Promise<Figure[]> {
  const server = spawn(process.execPath, [join(import.meta.dirname, "live-server.ts"), daybook.home], {
    env: daybook.env(),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = linesOf(server);
  try {
    const { url } = JSON.parse(await lines.next()) as { url: string };
    const token = (await readFile(join(daybook.home, "run/token"), "utf8")).trim();
    const client = apiClient({ url, token });
    const ask = asker(client, matter, messages);
    say("searching, idle");
    const idle = await ask.words();
    const sequences = await ask.sequences();
    server.kill("SIGUSR2");
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    say("searching, busy");
    const { ms, value: busy } = await timed(() => ask.words());
    server.kill("SIGUSR2");
    client.close();
    server.kill("SIGTERM");
    const { handedOver } = JSON.parse(await lines.next()) as { handedOver: number };
    const arrived = handedOver / ((ms + SETTLE_MS) / 1000);
    const size = messages.toLocaleString("en-GB");
    const p95 = (name: string, { asked, bare }: Times, aim: number) =>
      figure({
        figure: `${name} p95 at ${size} records`,
        value: percentile(asked, 0.95),
        unit: "ms",
        baseline: { name: "a call that reads no record, p95", value: percentile(bare, 0.95) },
        aim: `${aim} ms`,
        met: (value) => value <= aim,
      });
    return [
      p95("search, words and filters, idle,", idle, 10),
      p95("search, words and filters, while events arrive,", busy, 25),
      figure({
        figure: "events that arrived in that search",
        value: arrived,
        unit: "/s",
        aim: "2,000/s, as they are handed over",
        met: (value) => value >= 0.95 * ARRIVING,
      }),
      p95("search, phrases and prefixes,", sequences, 250),
    ];
  } finally {
    if (server.exitCode === null) {
      server.kill("SIGTERM");
      await once(server, "exit");
    }
  }
}

interface Times {
  readonly asked: number[];
  readonly bare: number[];
}

function asker(client: ApiClient, matter: string, messages: number) {
  const pick = (from: number, to: number, n: number) => from + ((n * 7_919) % (to - from));
  const day = (n: number) => dayOf((n * 104_729) % messages);
  const words: Question[] = [
    (n) => ({ q: word(pick(2_000, 20_000, n)) }),
    (n) => ({ q: word(pick(9, 110, n)) }),
    (n) => ({ q: `${word(pick(20, 300, n))} ${word(pick(300, 3_000, n))}` }),
    (n) => ({ q: `${word(pick(300, 3_000, n))} OR ${word(pick(300, 3_000, n + 1))}` }),
    (n) => ({ q: `${word(pick(9, 110, n))} -${word(pick(9, 110, n + 5))}` }),
    (n) => ({ q: word(pick(20, 2_000, n)), custodian: "Ann", to: day(n) }),
    (n) => ({ q: word(pick(9, 110, n)), from: day(n), to: day(n) }),
    (n) => ({ q: "", from: day(n) }),
  ];
  const sequences: Question[] = [
    (n) => ({ q: `"${(message((n * 31) % messages).text ?? "").split(" ").slice(0, 2).join(" ")}"` }),
    (n) => ({ q: `${word(pick(2_000, 20_000, n)).slice(0, -2)}*` }),
    (n) => ({ q: `${word(pick(2_000, 20_000, n)).slice(0, 4)}*` }),
  ];
  const time = async (questions: readonly Question[]): Promise<Times> => {
    const times: Times = { asked: [], bare: [] };
    for (let n = -WARM_UP; n < EACH; n += 1) {
      const bare = (await timed(() => client.call("get", "/api/v1/matters"))).ms;
      if (n >= 0) times.bare.push(bare);
      for (const question of questions) {
        const query = { matter, ...question(n + WARM_UP) };
        const { ms } = await timed(() => client.call("get", "/api/v1/search", { query }));
        if (n >= 0) times.asked.push(ms);
      }
    }
    return times;
  };
  return { words: () => time(words), sequences: () => time(sequences) };
}

/** The lines that a process prints, one at a time. */
function linesOf({ stdout }: ChildProcess): { next: () => Promise<string> } {
  const lines: string[] = [];
  let rest = "";
  let ended = false;
  let wake: (() => void) | undefined;
  stdout?.on("data", (chunk: Buffer) => {
    const parts = (rest + chunk.toString("utf8")).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
    wake?.();
  });
  stdout?.on("end", () => {
    ended = true;
    wake?.();
  });
  return {
    async next() {
      while (lines.length === 0) {
        if (ended) throw new Error("the server ended");
        await new Promise<void>((resolve) => (wake = resolve));
      }
      return lines.shift() ?? "";
    },
  };
}
