// Reads messages in a process of its own: `mail-reader.ts` starts it.
import { serveReading } from "@daybook/keeping/serve-reading";
import { checkSignatures } from "./authenticate.ts";
import { parse, refusalOf } from "./parse.ts";
import type { Answer, Ask } from "./program-messages.ts";

const questions = new Map<number, PromiseWithResolvers<string[][] | string[]>>();
let lastQuestion = 0;

serveReading((asked: Ask, tell: (answer: Answer) => void) => {
  const ask = async (name: string, type: string): Promise<string[][] | string[]> => {
    const question = Promise.withResolvers<string[][] | string[]>();
    lastQuestion += 1;
    questions.set(lastQuestion, question);
    tell({ what: "resolve", question: lastQuestion, name, type });
    return question.promise;
  };
  if (asked.what === "read") {
    void parse(asked.message).then(
      (reading) => tell({ what: "read", reading }),
      (error: unknown) => tell({ what: "refused", refused: refusalOf(error) }),
    );
  } else if (asked.what === "check") {
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
