import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { openAgentState } from "../../src/agent/spool/agent-state.ts";

const KEY = Buffer.alloc(32, 5);
const BATCHES = 100;
const SPOOL = join(import.meta.dirname, "../../src/agent/spool");
const dir = mkdtempSync(join(tmpdir(), "daybook-outbox-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

it("starts with far more waiting than a process has memory", async () => {
  const path = join(dir, "agent.db");
  const state = openAgentState(path, KEY, () => new Date());
  for (let number = 4; number <= 3 + BATCHES; number += 1) {
    const value = { body: "x".repeat(1024 * 1024), files: { [String(number)]: `file-${number}` } };
    await state.write([{ kind: "batch", name: String(number), value }]);
  }
  const standing = { last: 3 + BATCHES, answered: 3, bytes: BATCHES * 1024 * 1024 };
  await state.write([{ kind: "agent", name: "outbox", value: standing }]);
  state.close();
  const program = `
    import { openAgentState } from ${JSON.stringify(join(SPOOL, "agent-state.ts"))};
    import { Outbox } from ${JSON.stringify(join(SPOOL, "outbox.ts"))};
    const state = openAgentState(${JSON.stringify(path)}, Buffer.alloc(32, 5), () => new Date());
    console.log(Outbox.filesOf(state).size);`;
  const args = ["--max-old-space-size=64", "--input-type=module", "-e", program];
  const { stdout } = await promisify(execFile)(process.execPath, args);

  expect(Number(stdout)).toBe(BATCHES);
});
