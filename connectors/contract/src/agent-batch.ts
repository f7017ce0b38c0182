import { z } from "zod";

/** How much an agent hands over at once, and how far its batches may overtake each other. */
export const AGENT_LIMITS = {
  /** Of a batch's body. */
  batchBytes: 4 * 1024 * 1024,
  entries: 500,
  /** Of an entry's own bytes. */
  rawBytes: 1024 * 1024,
  partsOfEntry: 100,
  /** Of one attachment. */
  partBytes: 100 * 1024 * 1024,
  /** Numbers that may be missing below a batch. */
  missing: 1_000,
  /** Numbers below the highest that are still told from each other. */
  remembered: 10_000,
} as const;

const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);

/** The number of a batch: the first is 1. */
export const batchNumber = z.int().min(1).max(Number.MAX_SAFE_INTEGER);

/** An attachment of an entry: its content was sent before, by its digest. */
export const agentPart = z.strictObject({
  sha256: sha256Hex,
  sizeBytes: z.int().nonnegative().max(AGENT_LIMITS.partBytes),
  mediaType: z.string().max(255),
  name: z.string().max(1024),
});
export type AgentPart = z.infer<typeof agentPart>;

/** One thing that the agent saw, in its own bytes: what they say is for the reader of its kind. */
export const agentEntry = z.strictObject({
  /** Base64. */
  raw: z.base64().max(Math.ceil(AGENT_LIMITS.rawBytes / 3) * 4),
  parts: z.array(agentPart).max(AGENT_LIMITS.partsOfEntry).default([]),
});
export type AgentEntry = z.infer<typeof agentEntry>;

/** What is wrong on the device, in a word that names nobody. */
const problemCode = z.string().regex(/^[a-z][a-z0-9-]{0,63}$/);

/** The body of a batch, JSON in UTF-8. Without entries it is a heartbeat. */
export const agentBatch = z.strictObject({
  v: z.literal(1),
  agent: z.uuid(),
  number: batchNumber,
  /** The highest number up to which the agent holds our answer for every batch; 0 for none. */
  answeredThrough: z.int().nonnegative().max(Number.MAX_SAFE_INTEGER),
  /** The device's clock when the batch was made, milliseconds since 1970. */
  at: z.int().nonnegative().max(8.64e15),
  /** What the agent has seen and not handed over yet, this batch left out. */
  waiting: z.int().nonnegative().max(Number.MAX_SAFE_INTEGER).default(0),
  problems: z.array(problemCode).max(20).default([]),
  entries: z.array(agentEntry).max(AGENT_LIMITS.entries),
});
export type AgentBatch = z.infer<typeof agentBatch>;

/** The header of a batch that says, where it is there, how late it is by the device's clock as it is sent: milliseconds since 1970. */
export const AGENT_SENT = "daybook-sent";
export const agentSent = z
  .string()
  .regex(/^[0-9]{1,16}$/)
  .transform(Number)
  .pipe(z.int().max(8.64e15));

/** The body of an enrolment. */
export const agentEnrolment = z.strictObject({
  v: z.literal(1),
  code: z.string().min(1).max(64),
  /** SubjectPublicKeyInfo, DER, base64: ECDSA on P-256, or Ed25519. */
  publicKey: z.base64().min(1).max(512),
});
export type AgentEnrolment = z.infer<typeof agentEnrolment>;

/** The answer to an enrolment. */
export const agentEnrolled = z.object({
  agent: z.uuid(),
  kind: z.string(),
  heartbeatSeconds: z.int(),
  /** Another agent of its kind had the account before: what this one finds may be on record already, without its files. */
  isFollowing: z.boolean().default(false),
});

/** The answer to a batch that is durable: the same each time. */
export const agentTaken = z.object({ agent: z.uuid(), number: batchNumber, sha256: sha256Hex });

/** The answer to a batch whose number cannot be taken: what it holds goes into another, from `next` on. */
export const agentMisnumbered = z.object({
  code: z.enum(["number-taken", "stale", "too-far-ahead"]),
  next: batchNumber,
});

/** The answer to a batch whose attachments are not there: send them, then the batch. */
export const agentMissing = z.object({ code: z.literal("parts-missing"), missing: z.array(sha256Hex) });
