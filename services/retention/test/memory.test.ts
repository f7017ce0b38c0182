import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const PROGRAM = join(import.meta.dirname, "programs/many-names.ts");
const SEGMENTS = 65_536;
/** Were the names of so many objects in memory, a heap of so many MiB would not hold them. */
const HEAP_MIB = 32;

it("a pass over far more objects than its memory has room for does its work", async () => {
  const args = [`--max-old-space-size=${HEAP_MIB}`, PROGRAM, String(SEGMENTS), "4096"];
  const { stdout } = await promisify(execFile)(process.execPath, args);

  expect(JSON.parse(stdout)).toMatchObject({ extended: SEGMENTS, kept: SEGMENTS, copied: 0, alerts: [] });
}, 300_000);
