import { instant, network } from "@daybook/contract";
import { z } from "zod";

const uuid = z.uuid();
const change = uuid;
const words = (max: number) => z.string().min(1).max(max);
const reason = words(2_000);
const until = instant.nullable();

/** Who sits in a post: the groups that retention and approach to disclosure differ by. */
export const postGroup = z.enum(["minister", "adviser", "board", "senior", "staff"]);
export type PostGroup = z.infer<typeof postGroup>;

export const holdingKind = z.enum(["substantive", "acting", "job-share"]);
export type HoldingKind = z.infer<typeof holdingKind>;

export const ownership = z.enum(["corporate", "personal"]);
export const identifierKind = z.enum(["phone", "email", "username", "employee"]);
export type IdentifierKind = z.infer<typeof identifierKind>;

export const postDetail = z.strictObject({
  title: words(512),
  unit: words(512).nullable(),
  group: postGroup,
  /** Everything of this post is kept for good. */
  capstone: z.boolean(),
});
export type PostDetail = z.infer<typeof postDetail>;

export const holdingDetail = z.strictObject({
  kind: holdingKind,
  from: instant,
  to: until,
  /** The letter or announcement by which they hold it. */
  basis: words(1_024).nullable(),
});
export type HoldingDetail = z.infer<typeof holdingDetail>;

export const deviceDetail = z.strictObject({
  /** What people call it, such as its asset tag. */
  label: words(256),
  ownership,
  /** How it is managed, in the management system's words. */
  mode: words(64).nullable(),
  /** Its id in that system. */
  source: words(256).nullable(),
});
export type DeviceDetail = z.infer<typeof deviceDetail>;

const span = z.strictObject({ from: instant, to: until });
const spans = z.array(span).max(1_000);
const link = span.extend({ custodian: uuid });
const use = span.extend({ device: uuid });

/** What audit events say of people, posts and devices over time, by their action: see `factSchemas`. */
export const postFacts = {
  "custodian.rename": z.strictObject({ change, id: uuid, name: words(512), before: words(512), reason }),
  /** Their accounts are nobody's and their posts are vacant from then on, and whatever was said for later is void. */
  "custodian.leave": z.strictObject({
    change,
    id: uuid,
    to: instant,
    before: until,
    /** What ends with it, as it was. */
    accounts: z.array(span.extend({ account: uuid })).max(1_000),
    holdings: z.array(span.extend({ holding: uuid })).max(1_000),
    reason,
  }),
  /** They did not leave, or are back: nothing that ended begins again by this. */
  "custodian.return": z.strictObject({ change, id: uuid, before: instant, reason }),
  /** A number or address that is theirs for a time, captured or not. */
  "identifier.add": z.strictObject({
    change,
    id: uuid,
    custodian: uuid,
    kind: identifierKind,
    value: words(512),
    from: instant,
    to: until,
    reason,
  }),
  "identifier.end": z.strictObject({ change, id: uuid, to: instant, before: until, reason }),

  "post.add": z.strictObject({ change, id: uuid, ...postDetail.shape, reason }),
  "post.change": z.strictObject({ change, id: uuid, before: postDetail, after: postDetail, reason }),
  "holding.add": z.strictObject({
    change,
    id: uuid,
    post: uuid,
    custodian: uuid,
    ...holdingDetail.shape,
    reason,
  }),
  /** It ended, or something of it was said wrongly. */
  "holding.change": z.strictObject({ change, id: uuid, before: holdingDetail, after: holdingDetail, reason }),
  /** It never was. */
  "holding.void": z.strictObject({
    change,
    id: uuid,
    before: holdingDetail.extend({ post: uuid, custodian: uuid }),
    reason,
  }),

  "device.add": z.strictObject({ change, id: uuid, ...deviceDetail.shape, reason }),
  "device.change": z.strictObject({ change, id: uuid, before: deviceDetail, after: deviceDetail, reason }),
  /** The account is on this device within the interval too. */
  "device.use": z.strictObject({
    change,
    id: uuid,
    account: uuid,
    from: instant,
    to: until,
    before: spans,
    after: spans,
    reason,
  }),
  /** The account is not on this device within the interval. */
  "device.release": z.strictObject({
    change,
    id: uuid,
    account: uuid,
    from: instant,
    to: until,
    before: spans,
    after: spans,
    reason,
  }),
  /** Whose an account was within an interval, or that it was nobody's; devices that it was on are released in it. */
  "account.correct": z.strictObject({
    change,
    id: uuid,
    custodian: uuid.nullable(),
    from: instant,
    to: until,
    before: z.array(link).max(1_000),
    after: z.array(link).max(1_000),
    released: z.array(use).max(1_000),
    reason,
  }),
} as const;

/** What an imported file may come to, one after the other. */
export const IMPORTED = [
  "custodian.add",
  "post.add",
  "holding.add",
  "account.add",
  "account.end",
  "device.add",
  "device.use",
] as const;

/** Lines of an imported file at most. */
export const MAX_IMPORT_LINES = 2_000;

/** Facts of one file at most: a line adds a person, post, holding, account, its end, device and use. */
export const MAX_IMPORT_FACTS = MAX_IMPORT_LINES * IMPORTED.length;

export const importFacts = {
  /** A file of people, posts, accounts and devices: all of it, or none. */
  "registry.import": z.strictObject({
    change,
    id: uuid,
    /** SHA-256 of the file, hex. */
    file: z.string().regex(/^[0-9a-f]{64}$/),
    lines: z.int().nonnegative().max(MAX_IMPORT_LINES),
    reason,
    facts: z
      .array(
        z.strictObject({
          action: z.enum(IMPORTED),
          /** Without its change, which is the file's. */
          detail: z.record(z.string().max(64), z.json()),
        }),
      )
      .max(MAX_IMPORT_FACTS),
  }),
} as const;

/** Networks that accounts of people are on. */
export const accountNetwork = network.exclude(["daybook"]);
