import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

describe("Memory", () => {
  it("stays flat over a million messages", async () => {
    const script = join(import.meta.dirname, "read-million.ts");
    const { stdout } = await promisify(execFile)(process.execPath, ["--max-old-space-size=40", script]);
    const { records, bytes, grownBytes } = JSON.parse(stdout) as Record<string, number>;
    expect(records).toBe(1_000_000);
    expect(bytes).toBeGreaterThan(85_000_000);
    expect(grownBytes).toBeLessThan(100_000_000);
  });
});
