import { parentPort } from "node:worker_threads";
import { checkSignatures } from "./authenticate.ts";
import { parse, refusalOf } from "./parse.ts";
import type { Answer, Ask } from "./thread-messages.ts";

// Runs in a thread of its own, with a heap of its own: what ends it harms nobody else.
const port = parentPort;
if (!port) throw new TypeError("this is a thread's own program");

const questions = new Map<number, PromiseWithResolvers<string[][] | string[]>>();
let lastQuestion = 0;

async function ask(name: string, type: string): Promise<string[][] | string[]> {
  const question = Promise.withResolvers<string[][] | string[]>();
  lastQuestion += 1;
  questions.set(lastQuestion, question);
  tell({ what: "resolve", question: lastQuestion, name, type });
  return question.promise;
}

function tell(answer: Answer, transfer: ArrayBuffer[] = []): void {
  port?.postMessage(answer, transfer);
}

async function read(message: Uint8Array): Promise<void> {
  try {
    const reading = await parse(message);
    // Each attachment in memory of its own, which the other side takes over.
    const attachments = reading.attachments.map((one) => ({ ...one, content: Uint8Array.from(one.content) }));
    tell(
      { what: "read", reading: { ...reading, attachments } },
      attachments.map(({ content }) => content.buffer),
    );
  } catch (error) {
    tell({ what: "refused", refused: refusalOf(error) });
  }
}

port.on("message", (asked: Ask) => {
  if (asked.what === "read") void read(asked.message);
  else if (asked.what === "check") {
    void checkSignatures(asked.message, ask).then(
      (authenticity) => tell({ what: "checked", authenticity }),
      () => tell({ what: "refused", refused: "unreadable" }),
    );
  } else {
    const question = questions.get(asked.question);
    questions.delete(asked.question);
    if (asked.records) question?.resolve(asked.records);
    else question?.reject(Object.assign(new Error("no answer"), { code: asked.failed }));
  }
});
