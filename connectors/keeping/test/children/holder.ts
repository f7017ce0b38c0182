// Opens the state file of its first argument. `hold`, the second, then waits; `write` writes pairs, a line for each that is
// durable, until it is killed.
import { writeSync } from "node:fs";
import { openState } from "../support/state.ts";

const [path, what] = process.argv.slice(2);
const state = openState(path!);
if (what === "hold") {
  writeSync(1, "open\n");
  setInterval(() => undefined, 1_000);
} else {
  for (let n = state.count("left"); ; n += 1) {
    const name = `${n}`;
    await state.write([
      { kind: "left", name, value: n },
      { kind: "right", name, value: "x".repeat(n % 5_000) },
    ]);
    writeSync(1, `${n}\n`);
  }
}
