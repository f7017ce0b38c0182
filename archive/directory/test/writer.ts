// Writes until it is killed, and prints the names of what was acknowledged.
import { createHash, randomBytes } from "node:crypto";
import { writeSync } from "node:fs";
import { FUTURE, openStores } from "./operations.ts";

const [home, first] = process.argv.slice(2) as [string, string];
const { records, heads } = await openStores(home);
const acknowledge = (what: string) => writeSync(1, `${what}\n`);

const putting = Array.from({ length: 4 }, async () => {
  for (;;) {
    const body = randomBytes(1 + Math.floor(Math.random() * 200_000));
    const sha256 = createHash("sha256").update(body).digest("hex");
    await records.put({ key: `attachment/${sha256}`, body, sha256, retainUntil: FUTURE });
    acknowledge(`object ${sha256}`);
  }
});
const replacing = (async () => {
  let tag = (await heads.read("head"))?.tag;
  for (let n = Number(first); ; n += 1) {
    tag = await heads.replace("head", Buffer.from(`${n}:`.repeat(2_000)), tag);
    acknowledge(`head ${n}`);
  }
})();
await Promise.all([...putting, replacing]);
