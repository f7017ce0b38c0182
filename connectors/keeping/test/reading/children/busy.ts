// Keeps a reading process busy until it is killed, and says which that is.
import { join } from "node:path";
import { ReadingProcess } from "../../../src/reading/reading-process.ts";

const reading = new ReadingProcess<object, { pid: number }>(join(import.meta.dirname, "reader.ts"), 64);
await reading.tell({ what: "busy" });
const { pid } = await reading.next();
process.stdout.write(String(pid));
await reading.next();
