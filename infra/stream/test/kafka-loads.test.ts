import { execFile } from "node:child_process";
import { promisify } from "node:util";

// jest finds exports of CommonJS that Node does not.
it("loads in Node itself, with a stream on Kafka", async () => {
  const script = 'import("@daybook/stream").then((stream) => console.log(typeof stream.openKafkaStream))';
  const { stdout } = await promisify(execFile)(process.execPath, ["-e", script], {
    cwd: import.meta.dirname,
  });
  expect(stdout).toBe("function\n");
});
