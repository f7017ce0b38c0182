import { z } from "zod";

const ref = z.object({ id: z.string(), name: z.string() });
const span = { from: z.string(), to: z.string().nullable() };

export const custodianList = z.object({
  custodians: z.array(ref.extend({ state: z.string(), leftAt: z.string().nullable() })),
  next: z.string().nullable(),
});

const held = z.object({
  holding: z.string(),
  post: z.object({ id: z.string(), title: z.string() }),
  custodian: ref,
  kind: z.string(),
  basis: z.string().nullable(),
  ...span,
});
export type Held = z.infer<typeof held>;

const use = z.object({ account: z.string(), device: z.string(), ...span });

export const accountHistory = z.object({
  id: z.string(),
  network: z.string(),
  method: z.string(),
  identifier: z.string().nullable(),
  links: z.array(z.object({ custodian: ref, ...span })),
});
export const account = accountHistory.extend({ uses: z.array(use) });

export const custodian = ref.extend({
  addedAt: z.string(),
  leftAt: z.string().nullable(),
  state: z.string(),
  holdings: z.array(held),
  accounts: z.array(accountHistory),
  uses: z.array(use),
  identifiers: z.array(z.object({ id: z.string(), kind: z.string(), value: z.string(), ...span })),
});

const participantShape = { id: z.string(), name: z.string() };
export const participantList = z.object({
  participants: z.array(z.object(participantShape)),
  next: z.string().nullable(),
});
export const participant = z.object({
  ...participantShape,
  identifiers: z.array(
    z.object({
      id: z.string(),
      network: z.string(),
      identifier: z.string(),
      from: z.string().nullable(),
      to: z.string().nullable(),
    }),
  ),
});

const postShape = {
  id: z.string(),
  title: z.string(),
  unit: z.string().nullable(),
  group: z.string(),
  capstone: z.boolean(),
};
export const postList = z.object({ posts: z.array(z.object(postShape)), next: z.string().nullable() });
export const post = z.object({ ...postShape, holdings: z.array(held) });

const deviceShape = {
  id: z.string(),
  label: z.string(),
  ownership: z.string(),
  mode: z.string().nullable(),
  source: z.string().nullable(),
};
export const deviceList = z.object({ devices: z.array(z.object(deviceShape)), next: z.string().nullable() });
export const device = z.object({ ...deviceShape, uses: z.array(use) });

export const agent = z.object({
  id: z.string(),
  kind: z.string(),
  account: z.string(),
  custodian: z.string(),
  device: z.string(),
  offeredAt: z.string(),
  expiresAt: z.string(),
  enrolledAt: z.string().nullable(),
  revokedAt: z.string().nullable(),
});
export type Agent = z.infer<typeof agent>;
export const agentList = z.object({ agents: z.array(agent), next: z.string().nullable() });
export const offeredAgent = z.object({ id: z.string(), code: z.string(), expiresAt: z.string() });

export const accountList = z.object({
  accounts: z.array(
    z.object({
      id: z.string(),
      network: z.string(),
      method: z.string(),
      identifier: z.string().nullable(),
      custodian: z.string(),
      ...span,
    }),
  ),
  next: z.string().nullable(),
});

export const importResult = z.object({
  ok: z.boolean(),
  dryRun: z.boolean(),
  lines: z.int(),
  made: z.record(z.string(), z.int()),
  problems: z.array(
    z.object({ line: z.int().nullable(), column: z.string().nullable(), problem: z.string() }),
  ),
  problemsTotal: z.int(),
});

export const numberHolders = z.object({
  holders: z.array(
    z.object({ custodian: ref, account: z.string().nullable(), ...span, nearChange: z.boolean() }),
  ),
});

export const cursor = z.object({ cursor: z.string().max(256).optional() });
export const params = z.object({ id: z.uuid() });
