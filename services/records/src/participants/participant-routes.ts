import { network } from "@daybook/contract";
import { type Route, route } from "@daybook/runtime";
import { z } from "zod";
import { pageEnd, pageQuery } from "../paging.ts";
import { name, when } from "../posts/fields.ts";
import { accountNetwork } from "../posts/post-facts.ts";
import { params, reason } from "../routes/fields.ts";
import type { Participants } from "./participants.ts";

const participant = z.object({ id: z.uuid(), name: z.string(), addedAt: z.string() });
const identifier = z.object({
  id: z.uuid(),
  network: accountNetwork,
  identifier: z.string(),
  from: z.string().nullable(),
  to: z.string().nullable().describe("Exclusive"),
});

/** Of a number of theirs. */
export const unconfirmed = z
  .array(
    z.object({
      id: z.uuid().describe("Of what is said of the number"),
      network: accountNetwork,
      identifier: z.string(),
      side: z.enum(["before", "after"]).describe("Of what is theirs"),
      silentFrom: z.string(),
      silentTo: z.string(),
      records: z.int().positive().describe("Beyond the silence: not taken as theirs"),
      confirm: z.string().describe("The instant to confirm, if they are"),
    }),
  )
  .readonly()
  .describe("Silences of more than 90 days behind or before which nobody has said whose the number is");

/** What needs a whole catalogue: when their numbers were in use. */
export function silenceRoutes({ participants }: { participants: Participants }): Route[] {
  return [
    route({
      method: "get",
      path: "/api/v1/participants/:id/silences",
      action: "participant.read",
      summary:
        "Where numbers of somebody outside were silent so long that they may have come back to another",
      params,
      response: z.object({ unconfirmed }),
      handle: async ({ params: { id } }) => {
        await participants.get(id);
        return { unconfirmed: (await participants.parties(id)).unconfirmed };
      },
    }),
    route({
      method: "post",
      path: "/internal/v1/participants/resolve",
      action: "internal",
      summary: "Somebody outside of a name or id: by what networks know them when, and where nobody has said",
      body: z.object({ name: z.string().min(1).max(512) }),
      response: z.object({
        id: z.uuid(),
        parties: z
          .array(
            z.object({
              network,
              ids: z.array(z.string()).readonly(),
              from: z.string().optional(),
              to: z.string().optional().describe("Exclusive"),
            }),
          )
          .readonly(),
        unconfirmed,
      }),
      handle: async ({ body }) => {
        const { id } = await participants.find(body.name);
        return { id, ...(await participants.parties(id)) };
      },
    }),
  ];
}

/** People outside, and by what each network knew them when. */
export function participantRoutes({
  participants,
  zone,
}: {
  participants: Participants;
  zone: string;
}): Route[] {
  const at = when(zone);
  return [
    route({
      method: "get",
      path: "/api/v1/participants",
      action: "participant.read",
      summary: "People outside, in the order they were added",
      query: pageQuery,
      response: z.object({ participants: z.array(participant), ...pageEnd }),
      handle: async ({ query }) => {
        const { entries, next } = await participants.list(query);
        return { participants: entries, next };
      },
    }),
    route({
      method: "get",
      path: "/api/v1/participants/:id",
      action: "participant.read",
      summary: "Somebody outside, with numbers and addresses over time",
      params,
      response: participant.extend({ identifiers: z.array(identifier) }),
      handle: async ({ params: { id } }) => ({
        ...(await participants.get(id)),
        identifiers: await participants.identifiers(id),
      }),
    }),
    route({
      method: "post",
      path: "/api/v1/participants",
      action: "participant.manage",
      summary: "Add somebody outside, by whom searches can be narrowed over all networks",
      status: 201,
      body: z.object({ name, reason }),
      response: participant,
      handle: ({ principal, body }) => participants.add(body.name, body.reason, principal.id),
    }),
    route({
      method: "post",
      path: "/api/v1/participants/:id/identifiers",
      action: "participant.manage",
      summary: "Say that a number or address was theirs on a network, for a time",
      status: 201,
      params,
      body: z.object({
        network: accountNetwork,
        identifier: z.string().trim().min(1).max(512),
        from: at.nullable().default(null),
        to: at.nullable().default(null).describe("Exclusive"),
        reason,
      }),
      response: z.object({ id: z.uuid() }),
      handle: ({ principal, params: { id }, body: { reason: why, ...one } }) =>
        participants.identify(id, one, why, principal.id),
    }),
    route({
      method: "post",
      path: "/api/v1/participant-identifiers/:id/confirm",
      action: "participant.manage",
      summary: "A number was theirs at a time too, though it was silent for more than 90 days in between",
      params,
      body: z.object({ at, reason }),
      handle: async ({ principal, params: { id }, body }) => {
        await participants.confirm(id, body.at, body.reason, principal.id);
        return undefined;
      },
    }),
    route({
      method: "post",
      path: "/api/v1/participant-identifiers/:id/release",
      action: "participant.manage",
      summary: "It is theirs no more from an instant on, or never was",
      params,
      body: z.object({ to: at.nullable().default(null).describe("Null: it never was theirs"), reason }),
      handle: async ({ principal, params: { id }, body }) => {
        await participants.release(id, body.to, body.reason, principal.id);
        return undefined;
      },
    }),
  ];
}
