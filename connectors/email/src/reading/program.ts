// Reads messages in a process of its own: `reading-lane.ts` starts it.
import { serveReading } from "@daybook/keeping/serve-reading";
import { checkSignatures } from "./authenticate.ts";
import { parse, refusalOf } from "./parse.ts";
import type { Answer, Ask, Known, Question } from "./program-messages.ts";

async function check(message: Uint8Array, known: readonly Known[]): Promise<Answer> {
  const questions: Question[] = [];
  const authenticity = await checkSignatures(message, (name, type) => {
    const one = known.find((answer) => answer.name === name && answer.type === type);
    if (one?.records) return Promise.resolve(one.records);
    if (!one) questions.push({ name, type });
    return Promise.reject(Object.assign(new Error("no answer"), { code: one?.failed ?? "ETRYAGAIN" }));
  });
  return questions.length > 0 ? { what: "needs", questions } : { what: "checked", authenticity };
}

serveReading((asked: Ask, tell: (answer: Answer) => void) => {
  if (asked.what === "read") {
    void parse(asked.message).then(
      (reading) => tell({ what: "read", reading }),
      (error: unknown) => tell({ what: "refused", refused: refusalOf(error) }),
    );
  } else {
    void check(asked.message, asked.known).then(tell, () => tell({ what: "refused", refused: "unreadable" }));
  }
});
