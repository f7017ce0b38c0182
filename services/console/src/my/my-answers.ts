import { z } from "zod";

const party = z.object({ id: z.string(), name: z.string() });

/** What the API answers of one's own links and accounts, as far as screens show it. */
export const ownLinks = z.object({
  accounts: z.array(
    z.object({
      network: z.string(),
      method: z.string(),
      account: z.string(),
      custodian: party,
      standing: z.string(),
      problem: z.string().nullable(),
      linkedAt: z.string().nullable(),
      downSince: z.string().nullable(),
    }),
  ),
  offers: z.array(z.object({ network: z.string(), method: z.string() })),
});

export const ownAccounts = z.object({ custodians: z.array(party) });

export const begun = z.object({ id: z.string() });

export const linking = z.object({
  network: z.string(),
  custodian: party,
  state: z.discriminatedUnion("step", [
    z.object({ step: z.literal("starting") }),
    z.object({ step: z.literal("show"), url: z.string(), expiresAt: z.string() }),
    z.object({ step: z.literal("linking") }),
    z.object({ step: z.literal("linked"), again: z.boolean() }),
    z.object({ step: z.literal("failed"), why: z.string() }),
  ]),
});

const span = { from: z.string(), to: z.string().nullable() };
/** Which account it is. */
const named = {
  id: z.string(),
  network: z.string(),
  method: z.string(),
  identifier: z.string().nullable(),
};

export const captured = z.object({
  from: z.string(),
  to: z.string(),
  accounts: z.array(
    z.object({
      ...named,
      custodian: party,
      ...span,
      total: z.number(),
      first: z.string().nullable(),
      last: z.string().nullable(),
      days: z.array(z.object({ day: z.string(), kind: z.string(), records: z.number() })),
      coverage: z.array(z.object({ from: z.string(), to: z.string(), state: z.string() })),
      gaps: z.array(
        z.object({ from: z.string().nullable(), to: z.string().nullable(), why: z.string().nullable() }),
      ),
    }),
  ),
});

export const ownDevices = z.object({
  devices: z.array(
    z.object({ id: z.string(), label: z.string(), ownership: z.string(), account: z.string(), ...span }),
  ),
});

export const sendingAccounts = z.object({
  accounts: z.array(
    z.object({
      ...named,
    }),
  ),
});

export const conversationHead = z.object({
  conversation: z.object({ key: z.string(), id: z.string(), network: z.string(), title: z.string() }),
});

export const sentMessage = z.object({
  id: z.string(),
  state: z.enum(["queued", "sent", "failed", "unanswered"]),
  code: z.string().nullable(),
  why: z.string().nullable(),
  requestedAt: z.string(),
  expiresAt: z.string(),
});
