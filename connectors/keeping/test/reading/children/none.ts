// Where the system starts no process: says what a reading process then tells.
import { join } from "node:path";
import { ReadingProcess } from "../../../src/reading/reading-process.ts";

process.execPath = "/nowhere/node";
const reading = new ReadingProcess(join(import.meta.dirname, "reader.ts"), 64);
const told: unknown = await reading.tell({ what: "echo" }).catch((error: unknown) => error);
await reading.end();
const { code, cause } = told as { code?: unknown; cause?: { code?: unknown } };
process.stdout.write(`${String(code)} ${String(cause?.code)}`);
