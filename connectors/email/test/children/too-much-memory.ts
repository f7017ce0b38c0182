// Reads a message that needs more memory than a reading thread may take, then another, and says what came of both. A process of
// its own, with the flags that Node has by itself: those that tests run under change how a heap grows.
import { MailReader } from "../../src/reading/mail-reader.ts";

await using small = new MailReader({ heapMib: 48, clockMs: 60_000 });
const large = Buffer.from(`Content-Type: text/html\r\n\r\n${"<p>words</p>".repeat(300_000)}`);
const first = await small.read(large);
const second = await small.read(Buffer.from("Subject: x\r\n\r\nx"));
process.stdout.write(JSON.stringify([first, second]));
