import { MAX_RELAYED_CHARACTERS, relayFailure, type RelayOutcome } from "@daybook/contract";
import { type Route, route } from "@daybook/runtime";
import { z } from "zod";
import type { KnownMessage } from "./messages.ts";
import type { Sending } from "./sending.ts";

const message = z.strictObject({
  id: z.uuid(),
  account: z.uuid(),
  state: z.enum(["queued", "sent", "failed", "unanswered"]),
  code: relayFailure.nullable(),
  why: z.string().nullable(),
  requestedAt: z.string(),
  expiresAt: z.string(),
});

/** `POST /internal/v1/outbound/:id`: what became of a message, from the capture process that has its account. */
export const relayOutcome = z.discriminatedUnion("state", [
  z.strictObject({
    state: z.literal("sent"),
    networkId: z.string().min(1).max(512),
    why: z.string().min(1).max(1_024).optional(),
  }),
  z.strictObject({ state: z.literal("failed"), code: relayFailure, why: z.string().min(1).max(1_024) }),
]);

/** After the last moment at which it may be sent: then whoever has the account should have said something. */
const ANSWER_MS = 60_000;

export function gatewayRoutes(
  sending: Sending,
  { answered, now }: { answered: (id: string, outcome: RelayOutcome) => Promise<void>; now: () => Date },
): Route[] {
  const shown = ({ id, account, state, code, why, requestedAt, expiresAt }: KnownMessage) => {
    const silent =
      (state === "asked" || state === "queued") && now().getTime() > expiresAt.getTime() + ANSWER_MS;
    return {
      id,
      account,
      state: silent ? ("unanswered" as const) : state === "asked" ? ("queued" as const) : state,
      code,
      why: silent ? "no connector has said what became of it: look at the phone before you write again" : why,
      requestedAt: requestedAt.toISOString(),
      expiresAt: expiresAt.toISOString(),
    };
  };
  return [
    route({
      method: "post",
      path: "/api/v1/messages",
      action: "message.send",
      summary: "Send a message from a custodian's account: answers once it is recorded and on its way",
      status: 202,
      body: z.object({
        id: z.uuid().optional().describe("Give one, and repeating the request does not send it twice"),
        account: z.uuid(),
        conversation: z.string().min(1).max(512).describe("Its id, as records have it"),
        text: z
          .string()
          .min(1)
          .max(MAX_RELAYED_CHARACTERS)
          .refine((text) => text.trim() !== "", "must say something"),
        acceptsNewIdentity: z
          .boolean()
          .optional()
          .describe("You have confirmed the recipient's new safety number (`identity-changed`) with them"),
      }),
      response: message,
      handle: async ({ principal, body }) => shown(await sending.send(body, principal)),
    }),
    route({
      method: "get",
      path: "/api/v1/messages/:id",
      action: "message.send",
      summary: "What became of a message",
      params: z.object({ id: z.uuid() }),
      response: message,
      handle: async ({ principal, params }) => shown(await sending.message(params.id, principal)),
    }),
    route({
      method: "post",
      path: "/internal/v1/outbound/:id",
      action: "internal",
      summary: "Tells what became of a message",
      params: z.object({ id: z.uuid() }),
      body: z.object({ outcome: relayOutcome }),
      async handle({ params, body }) {
        await answered(params.id, body.outcome);
        return undefined;
      },
    }),
  ];
}
