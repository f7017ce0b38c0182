// Opens the stream in the directory of its first argument and keeps it until it is killed.
import { openFileStream } from "../../src/file/file-stream.ts";

await openFileStream({ dir: process.argv[2]!, partitions: { events: 2 } });
process.stdout.write("open\n");
setInterval(() => undefined, 60_000);
