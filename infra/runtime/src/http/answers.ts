import type { IncomingMessage } from "node:http";
import { z } from "zod";
import { ProblemError } from "./problem.ts";

const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

const problemDocument = z.object({
  status: z.int().min(400).max(599),
  code: z.string().max(100),
  detail: z.string().max(2_000),
  fields: z
    .array(z.object({ in: z.enum(["path", "query", "body"]), path: z.string(), problem: z.string() }))
    .max(100)
    .optional(),
});

/**
 * The JSON of an answer, `undefined` of an empty one.
 *
 * @throws {ProblemError} `not-daybook` for anything else, and beyond 64 MiB; `interrupted` when it breaks off
 */
export async function readJson(answer: IncomingMessage): Promise<unknown> {
  const text = await readText(answer);
  if (text === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw notDaybook("it answers something other than JSON");
  }
}

async function readText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_ANSWER_BYTES) break;
      chunks.push(chunk);
    }
  } catch (cause) {
    if ((cause as { name?: unknown }).name === "AbortError") throw cause;
    throw new ProblemError(502, "interrupted", "the server broke off its answer: see its log", { cause });
  }
  if (size > MAX_ANSWER_BYTES) throw notDaybook("its answer is far too large");
  return Buffer.concat(chunks).toString("utf8");
}

/** What an answer refuses with: the server's own problem, or `not-daybook` where it gives no reason. Follows no redirect. */
export async function problemFrom(answer: IncomingMessage): Promise<ProblemError> {
  const status = answer.statusCode ?? 502;
  if (status < 400) {
    answer.destroy();
    return notDaybook("it redirects, which is not followed");
  }
  const parsed = problemDocument.safeParse(await readJson(answer).catch(() => undefined));
  if (!parsed.success) return notDaybook(`it answers with status ${status} and no reason`);
  const { code, detail, fields } = parsed.data;
  const retryAfter = Number(answer.headers["retry-after"]);
  return new ProblemError(status, code, detail, {
    ...(fields ? { fields } : {}),
    ...(Number.isFinite(retryAfter) ? { retryAfterSeconds: retryAfter } : {}),
  });
}

/** What answers is no Daybook server of this version. @param why what shows it */
export function notDaybook(why: string): ProblemError {
  return new ProblemError(
    502,
    "not-daybook",
    `this does not look like a Daybook server of this version: ${why}`,
  );
}
