// Has a reading process print, says that it was answered, and has nothing more to do.
import { join } from "node:path";
import { ReadingProcess } from "../../../src/reading/reading-process.ts";

const reading = new ReadingProcess(join(import.meta.dirname, "reader.ts"), 64);
await reading.tell({ what: "print" });
await reading.next();
process.stdout.write("answered");
