import { type Audit, instant, method, network } from "@daybook/contract";
import { ROLES } from "@daybook/runtime";
import { z } from "zod";
import { agentFacts } from "./agents/agent-facts.ts";
import { calendarFacts } from "./clocks/calendar-facts.ts";
import { RecordsError } from "./error.ts";
import { exportFacts } from "./exporting/export-facts.ts";
import { healthFacts } from "./health/health-facts.ts";
import { keyFacts } from "./keys/key-facts.ts";
import { matterFacts } from "./matters/matter-facts.ts";
import { participantFacts } from "./participants/participant-facts.ts";
import { importFacts, postFacts } from "./posts/post-facts.ts";
import { signInFacts } from "./sign-in/sign-in-facts.ts";
import { selectionFacts } from "./searching/selection-facts.ts";

const uuid = z.uuid();
const digest = z.string().regex(/^[0-9a-f]{64}$/);
const recordId = z.string().regex(/^[0-9a-f]{32}$/);
const words = (max: number) => z.string().min(1).max(max);
/** Every fact carries the id of its change, by which it is applied once. */
const change = uuid;

/** Records of one disposal at most: its certificate names each of them in one event. */
export const MAX_DISPOSAL = 10_000;

/** Custodians that one token may speak for. */
export const MAX_SPOKEN_FOR = 20;

/** One scope rule, as capture reads it. What is not given fits everything; a conversation is a keyed hash. */
export const scopeRule = z.strictObject({
  effect: z.enum(["include", "exclude"]),
  custodian: uuid.optional(),
  account: words(512).optional(),
  network: network.optional(),
  conversation: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .optional(),
  from: instant.optional(),
  to: instant.optional(),
});

/** What a hold covers: everything that fits all of what is given. At least one thing must be. */
export const holdPredicate = z.strictObject({
  custodian: uuid.optional(),
  network: network.optional(),
  /** A conversation's id or exact title. */
  conversation: words(1_024).optional(),
  from: instant.optional(),
  /** Inclusive. */
  to: instant.optional(),
  kinds: z.array(words(32)).min(1).max(20).optional(),
  ids: z.array(recordId).min(1).max(10_000).optional(),
});
export type HoldPredicate = z.infer<typeof holdPredicate>;

const person = z.strictObject({ id: words(128), name: words(512), kind: z.enum(["person", "machine"]) });
const excluded = z.strictObject({ id: recordId, why: words(64) });

const destruction = {
  /** What goes: record id, the hash of its leaf (RFC 6962, hex), and where in which log that leaf is. */
  records: z.array(z.tuple([recordId, digest, z.string().max(8), z.int().nonnegative()])).max(MAX_DISPOSAL),
  /** What was proposed and stays. */
  excluded: z.array(excluded).max(MAX_DISPOSAL),
  /** Imported files whose key goes too, by the record id of their notice. */
  files: z.array(recordId).max(MAX_DISPOSAL),
  /** When the last lock on the ciphertext lapses, as far as it is known now. */
  bytesGoneFrom: instant,
  /** Exports that may hold some of it. */
  exports: z.array(uuid).max(10_000),
};

/**
 * What can change, and what an audit event must say so that the tables can be made again from it alone: the
 * event's `detail`, by its `action`.
 */
export const factSchemas = {
  "custodian.add": z.strictObject({ change, id: uuid, name: words(512) }),
  "account.add": z.strictObject({
    change,
    id: uuid,
    custodian: uuid,
    network,
    method,
    identifier: words(512).nullable(),
    from: instant,
    /** Until further notice, where it is not said. */
    to: instant.nullable().optional(),
    /** Without one where capture needed it. */
    reason: words(2_000).optional(),
  }),
  /** From this instant on, whatever was said for later. Without a reason where capture needed it. */
  "account.move": z.strictObject({
    change,
    id: uuid,
    custodian: uuid,
    from: instant,
    reason: words(2_000).optional(),
  }),
  /** From this instant on it is nobody's. */
  "account.end": z.strictObject({ change, id: uuid, to: instant, reason: words(2_000) }),
  "token.add": z.strictObject({
    change,
    id: uuid,
    /** SHA-256 of the token, hex. */
    hash: digest,
    person,
    roles: z.array(z.enum(ROLES)).min(1).max(ROLES.length),
    /** For whom its bearer may speak. */
    custodians: z.array(uuid).max(MAX_SPOKEN_FOR).optional(),
    expiresAt: instant.nullable(),
  }),
  "token.revoke": z.strictObject({ change, id: uuid }),
  ...matterFacts,
  ...calendarFacts,
  "scope.add": z.strictObject({ change, id: uuid, rule: scopeRule, reason: words(2_000) }),
  "scope.end": z.strictObject({ change, id: uuid, reason: words(2_000) }),
  "hold.add": z.strictObject({
    change,
    id: uuid,
    matter: uuid,
    reason: words(2_000),
    predicate: holdPredicate,
  }),
  "hold.propose-release": z.strictObject({ change, id: uuid, release: uuid, reason: words(2_000) }),
  "hold.release": z.strictObject({ change, id: uuid, release: uuid }),
  "disposal.propose": z.strictObject({
    change,
    id: uuid,
    /** Sorted. */
    ids: z.array(recordId).min(1).max(MAX_DISPOSAL),
    digest,
    reason: words(2_000),
    authority: words(2_000),
  }),
  "disposal.approve": z.strictObject({ change, id: uuid, digest }),
  "disposal.reject": z.strictObject({ change, id: uuid, reason: words(2_000) }),
  "disposal.begin": z.strictObject({
    change,
    id: uuid,
    ...destruction,
  }),
  /** The certificate: all of it, so that it can be read without Daybook. */
  "disposal.certify": z.strictObject({
    change,
    id: uuid,
    ...destruction,
    digest,
    proposedBy: words(512),
    approvedBy: words(512),
    reason: words(2_000),
    authority: words(2_000),
    method: words(200),
    unreadableFrom: instant,
  }),
  ...keyFacts,
  ...postFacts,
  ...participantFacts,
  ...importFacts,
  ...healthFacts,
  ...signInFacts,
  ...selectionFacts,
  ...exportFacts,
  ...agentFacts,
} as const;

export type FactAction = keyof typeof factSchemas;
export type Detail<A extends FactAction> = z.infer<(typeof factSchemas)[A]>;

/** One change, as an audit event tells it. */
export type Fact = {
  [A in FactAction]: {
    readonly action: A;
    readonly actor: string;
    readonly matter: string | undefined;
    /** When the event was captured: RFC 3339. */
    readonly at: string;
    readonly detail: Detail<A>;
  };
}[FactAction];

/**
 * Reads an audit event. Undefined for one that changes nothing here (a search, a view, an import).
 *
 * @throws {RecordsError} `corrupt`: an action that is ours with a detail that is not
 */
export function factOf(audit: Audit, at: string): Fact | undefined {
  if (!Object.hasOwn(factSchemas, audit.action)) return undefined;
  const action = audit.action as FactAction;
  // An export is told by the evidence service, and once: its id stands for the change.
  const detail = action === "export.start" ? { ...audit.detail, change: audit.subject } : audit.detail;
  const parsed = factSchemas[action].safeParse(detail);
  if (!parsed.success) {
    throw new RecordsError(
      "corrupt",
      `an audit event does not say what \`${action}\` must: is this program older?`,
    );
  }
  return { action, actor: audit.actor, matter: audit.matter, at, detail: parsed.data } as Fact;
}
