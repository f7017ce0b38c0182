// One of several processes at work on the same objects, told when to begin by a line on its input. Prints what it
// won, as JSON: `[key, tag before or null, tag after]`.
import { once } from "node:events";
import { ArchiveError } from "@daybook/archive-core";
import { openStores } from "./operations.ts";

const [home, name, rounds, removes] = process.argv.slice(2) as [string, string, string, string];
const { keyring } = await openStores(home);
process.stdout.write("ready\n");
await once(process.stdin, "data");

const won: [string, string | null, string][] = [];
let removed = 0;
for (let round = 0; round < Number(rounds); round += 1) {
  await attempt(`create/${round}`, undefined, name);
  const now = await keyring.read("count");
  const count = Number(Buffer.from(now?.body ?? []).toString());
  await attempt("count", now?.tag, `${count + 1}`);
  const fragile = await keyring.read("fragile");
  await attempt("fragile", fragile?.tag, `${name} ${round}`);
  if (removes === "removes" && round % 5 === 4) {
    await keyring.remove("fragile");
    removed += 1;
  }
}
process.stdout.write(`${JSON.stringify({ won, removed })}\n`);
process.stdin.destroy();

async function attempt(key: string, tag: string | undefined, body: string): Promise<void> {
  try {
    won.push([key, tag ?? null, await keyring.replace(key, Buffer.from(body), tag)]);
  } catch (error) {
    if (!(error instanceof ArchiveError) || error.code !== "conflict") throw error;
  }
}
