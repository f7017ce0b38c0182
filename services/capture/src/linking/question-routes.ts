import { network } from "@daybook/contract";
import { ProblemError, type Route, route } from "@daybook/runtime";
import { z } from "zod";
import { CaptureError } from "../error.ts";
import type { DeviceChanges, Question } from "./device-changes.ts";

const MAX_WORDS = 900;

/** A change of device, as the API shows it. */
export const question = z.strictObject({
  id: z.uuid(),
  linkedAt: z.string(),
  heardUntil: z.string().nullable().describe("When the link before was last known to be up"),
});

export function shownQuestion({ id, linkedAt, heardUntil }: Question): z.input<typeof question> {
  return { id, linkedAt: linkedAt.toISOString(), heardUntil: heardUntil?.toISOString() ?? null };
}

/** What is asked when an account was linked again, and the answers. */
export function questionRoutes(devices: Pick<DeviceChanges, "questionsFor" | "answer">): Route[] {
  return [
    route({
      method: "get",
      path: "/api/v1/link-questions",
      action: "link.confirm",
      summary: "Changes of device that nobody has confirmed: all, or a custodian's own",
      response: z.object({
        questions: z.array(
          question.extend({
            network,
            account: z.string(),
            custodian: z.object({ id: z.string(), name: z.string() }),
          }),
        ),
      }),
      async handle({ principal }) {
        const open = await asked(() => devices.questionsFor(principal));
        return {
          questions: open.map((one) => ({
            ...shownQuestion(one),
            network: one.connector.network,
            account: one.health.account,
            custodian: one.health.custodian,
          })),
        };
      },
    }),
    route({
      method: "post",
      path: "/api/v1/link-questions/:id/answer",
      action: "link.confirm",
      summary:
        "Say whether anything is missing from around a change of device; it goes on the account's record",
      params: z.strictObject({ id: z.uuid() }),
      body: z.object({
        complete: z.boolean().describe("True: nothing is missing"),
        words: z.string().trim().min(1).max(MAX_WORDS).describe("How that is known, or what is missing"),
      }),
      async handle({ principal, params, body }) {
        if (!(await asked(() => devices.answer(params.id, principal, body))))
          throw new ProblemError(404, "not-found", "there is no such question for you: it may be answered");
      },
    }),
  ];
}

async function asked<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof CaptureError || cause instanceof ProblemError) throw cause;
    throw new CaptureError("unavailable", "what was asked cannot be looked up just now: try again", {
      cause,
    });
  }
}
