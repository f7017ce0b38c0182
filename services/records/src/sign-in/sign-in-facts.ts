import { instant } from "@daybook/contract";
import { ROLES } from "@daybook/runtime";
import { z } from "zod";

const change = z.uuid();
const uuid = z.uuid();
const words = (max: number) => z.string().min(1).max(max);
const base64url = (max: number) =>
  z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/)
    .max(max);

/** Custodians that one person may speak for. */
export const MAX_OWN_CUSTODIANS = 20;

const rights = {
  name: words(512),
  roles: z.array(z.enum(ROLES)).min(1).max(ROLES.length),
  custodians: z.array(uuid).max(MAX_OWN_CUSTODIANS),
};

/** Who the organisation's own directory says that somebody is. */
const identity = z.strictObject({ issuer: words(512), subject: words(512) });
export type Identity = z.infer<typeof identity>;

const passkey = z.strictObject({
  id: uuid,
  person: uuid,
  /** WebAuthn's id of the credential: 1,023 bytes at most. */
  credential: base64url(1_364),
  /** COSE. */
  publicKey: base64url(8_192),
  transports: z.array(words(32)).max(10),
  label: words(100),
  /** As the authenticator counted when it was made. */
  counter: z.int().nonnegative(),
  /** Of the make of authenticator: any 16 bytes. */
  aaguid: z.guid(),
  backedUp: z.boolean(),
});
export type PasskeyDetail = z.infer<typeof passkey>;

/** What audit events say of people who sign in, by their action: see `factSchemas`. */
export const signInFacts = {
  /** Somebody who has only had tokens so far, or had ended, is the same person again. */
  "person.add": z.strictObject({
    change,
    id: uuid,
    ...rights,
    identity: identity.optional(),
    /** Made up for a trial: whoever has its start token may sign in as them. */
    trial: z.boolean().optional(),
  }),
  "person.change": z.strictObject({ change, id: uuid, ...rights }),
  "person.identify": z.strictObject({ change, id: uuid, identity }),
  /** With them end their tokens, passkeys and invitations. */
  "person.end": z.strictObject({ change, id: uuid }),
  "passkey.add": passkey.extend({ change }),
  "passkey.remove": z.strictObject({ change, id: uuid }),
  /** Earlier ones of the person are void. */
  "invitation.add": z.strictObject({
    change,
    id: uuid,
    person: uuid,
    /** SHA-256 of the token, hex. */
    hash: z.string().regex(/^[0-9a-f]{64}$/),
    expiresAt: instant,
  }),
  /** Once: for one passkey. */
  "invitation.use": z.strictObject({ change, id: uuid, passkey }),
} as const;
