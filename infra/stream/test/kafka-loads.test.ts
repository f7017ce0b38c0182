import { execFile } from "node:child_process";
import { promisify } from "node:util";

// jest finds exports of CommonJS that Node does not. With no broker's address, it is loaded and goes no further.
it("loads in Node itself, with a stream on Kafka", async () => {
  const options = { brokers: [], partitions: {}, retentionMs: 1 };
  const script = `import { openKafkaStream } from "@daybook/stream";
    await openKafkaStream(${JSON.stringify(options)}).catch((error) => console.log(error.message));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], {
    cwd: import.meta.dirname,
  });
  expect(stdout).toBe("a stream on Kafka needs a broker's address at least\n");
});
