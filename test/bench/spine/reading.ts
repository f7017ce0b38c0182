import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { apiClient } from "@daybook/runtime";
import { z } from "zod";
import { type Bench, figure, percentile, timed } from "../figure.ts";
import { Daybook } from "../../e2e/support/daybook.ts";
import { dayOf, writeChat } from "./chat-text.ts";

const MESSAGES = 200_000;
const OPENED = 100;
const WARM_UP = 10;
const list = z.object({ conversations: z.array(z.object({ key: z.string() })) });
const thread = z.object({ entries: z.array(z.unknown()), older: z.string().nullable() });

/** One conversation of 200,000 messages, by the API: opened at any date, read on from there, and found in the list. */
export const reading: Bench = async ({ scale, dir, say }) => {
  const messages = Math.round(MESSAGES * scale);
  const daybook = new Daybook();
  try {
    await daybook.up();
    const path = join(dir, "WhatsApp Chat with Ann.txt");
    await writeChat(path, messages);
    say("importing");
    await daybook.json(["import", path, "--custodian", "Ann"]);
    const { id: matter } = await daybook.json<{ id: string }>([
      ...["matter", "open", "--title", "Bench", "--kind", "audit"],
    ]);
    const token = (await readFile(join(daybook.home, "run/token"), "utf8")).trim();
    const client = apiClient({ url: daybook.facts.url, token });
    say("reading");
    const listed = () => client.call("get", "/api/v1/conversations", { query: { matter }, response: list });
    const key = (await listed()).conversations[0]?.key ?? "";
    const page = (where: Record<string, string>) =>
      client.call("get", "/api/v1/conversations/:key/thread", {
        params: { key },
        query: { matter, ...where },
        response: thread,
      });
    const times = {
      opened: [] as number[],
      further: [] as number[],
      listed: [] as number[],
      bare: [] as number[],
    };
    for (let n = -WARM_UP; n < OPENED; n += 1) {
      const bare = await timed(() => client.call("get", "/api/v1/matters"));
      const around = dayOf(((n + WARM_UP) * 104_729) % messages);
      const opened = await timed(() => page({ around }));
      if (opened.value.entries.length === 0) throw new Error(`nothing was shown at ${around}`);
      const further = await timed(() =>
        page(opened.value.older === null ? {} : { before: opened.value.older }),
      );
      const all = await timed(listed);
      if (n < 0) continue;
      times.bare.push(bare.ms);
      times.opened.push(opened.ms);
      times.further.push(further.ms);
      times.listed.push(all.ms);
    }
    client.close();
    const baseline = { name: "a call that reads no record, p95", value: percentile(times.bare, 0.95) };
    const size = messages.toLocaleString("en-GB");
    const p95 = (name: string, of: readonly number[]) =>
      figure({
        figure: `${name} p95, conversation of ${size} messages`,
        value: percentile(of, 0.95),
        unit: "ms",
        baseline,
        aim: "200 ms",
        met: (value) => value <= 200,
      });
    return [
      p95("50 entries at any date", times.opened),
      p95("the 50 before them", times.further),
      p95("the list of conversations", times.listed),
    ];
  } finally {
    await daybook.remove();
  }
};
