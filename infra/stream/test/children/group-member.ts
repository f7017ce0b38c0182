// Takes part in a group until it is killed, and says what it has on stdout, one JSON line at each change.
import { kafkaGroup } from "../../src/kafka/group.ts";

const [options = "{}"] = process.argv.slice(2);
const has = new Set<string>();
const tell = () => process.stdout.write(`${JSON.stringify([...has])}\n`);

await kafkaGroup(JSON.parse(options) as Parameters<typeof kafkaGroup>[0]).share(
  async (topic, partition, signal) => {
    has.add(`${topic}/${partition}`);
    tell();
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    has.delete(`${topic}/${partition}`);
    tell();
  },
  new AbortController().signal,
);
