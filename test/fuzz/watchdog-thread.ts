import { writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { workerData } from "node:worker_threads";

const { state, label, bytes, hungMs } = workerData as {
  /** When the case began, milliseconds since 1970, or 0; and how long its input is. */
  state: Float64Array;
  label: Uint8Array;
  bytes: Uint8Array;
  hungMs: number;
};

setInterval(() => {
  const [since = 0, length = 0] = state;
  if (since === 0 || Date.now() - since < hungMs) return;
  const name = Buffer.from(label).toString("utf8").replaceAll("\0", "");
  const path = join(tmpdir(), `daybook-fuzz-${name}`);
  writeFileSync(path, bytes.slice(0, length), { mode: 0o600 });
  writeSync(2, `${name}: hangs; its input is ${path}\n`);
  process.kill(process.pid, "SIGKILL");
}, 1_000);
