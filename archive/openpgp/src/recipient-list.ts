import { ArchiveError } from "@daybook/archive-core";
import { z } from "zod";
import { readPublicKeys, type Recipient } from "./keys.ts";

const MAX_KEYS = 64;

const listed = z.strictObject({
  role: z.enum(["archive", "escrow"]),
  publicKey: z.string().max(64 * 1024),
  from: z.iso.datetime().optional(),
  retired: z.iso.datetime().optional(),
});

const document = z.strictObject({ v: z.literal(1), keys: z.array(listed).min(1).max(MAX_KEYS) });

/** A recipient, and when it is one. */
export interface ListedRecipient {
  readonly recipient: Recipient;
  /** Of archive keys the newest takes over from the one before; escrow keys are recipients beside it. */
  readonly role: "archive" | "escrow";
  /** From then on, for what is encrypted from then on. Always, unless given. */
  readonly from?: Date;
  /** Since when nothing is encrypted to it, and nothing is left that needs it. Known only so that it has a name. */
  readonly retired?: Date;
}

/** The public keys that an archive is or was encrypted to. Holds no secret. */
export class RecipientList {
  readonly keys: readonly ListedRecipient[];

  /** @throws {ArchiveError} `malformed`: a key twice, or no archive key that is not retired */
  constructor(keys: readonly ListedRecipient[]) {
    const fingerprints = new Set(keys.map(({ recipient }) => recipient.fingerprint));
    if (fingerprints.size < keys.length) throw new ArchiveError("malformed", "a recipient is listed twice");
    if (!keys.some(({ role, retired }) => role === "archive" && !retired))
      throw new ArchiveError("malformed", "the recipients need an archive key that is not retired");
    this.keys = keys;
  }

  /**
   * Whom to encrypt to at an instant: the archive key with the latest date that has come (several with the same one
   * together), and every escrow key whose date has come.
   *
   * @throws {ArchiveError} `malformed`: no archive key's date has come
   */
  inForce(at: Date): readonly Recipient[] {
    const come = this.keys.filter(({ from, retired }) => !retired && fromOf(from) <= at.getTime());
    const archive = come.filter(({ role }) => role === "archive");
    const latest = Math.max(...archive.map(({ from }) => fromOf(from)));
    const current = archive.filter(({ from }) => fromOf(from) === latest);
    if (current.length === 0)
      throw new ArchiveError("malformed", "no archive key is in force yet: see its `from`");
    return [...current, ...come.filter(({ role }) => role === "escrow")].map(({ recipient }) => recipient);
  }

  /** By fingerprint, as people write one: in any case, with or without spaces. */
  find(fingerprint: string): ListedRecipient | undefined {
    const wanted = fingerprint.replaceAll(/\s/g, "").toUpperCase();
    return this.keys.find(({ recipient }) => recipient.fingerprint === wanted);
  }

  /** By the id of the key or a subkey, as wrapped keys name it. */
  byKeyId(id: string): ListedRecipient | undefined {
    return this.keys.find(({ recipient }) => recipient.keyIds.includes(id));
  }
}

/**
 * Reads a file of recipients: JSON as `formatRecipients` writes it; or armored public keys, all of them archive keys
 * and in force at all times.
 *
 * @throws {ArchiveError} `malformed`, saying which key cannot be encrypted to and why
 */
export async function readRecipients(text: string): Promise<RecipientList> {
  if (!text.trimStart().startsWith("{")) {
    const keys = await readPublicKeys(text);
    return new RecipientList(keys.map((recipient) => ({ recipient, role: "archive" })));
  }
  const { keys } = parseDocument(text);
  return new RecipientList(
    await Promise.all(
      keys.map(async ({ role, publicKey, from, retired }): Promise<ListedRecipient> => ({
        recipient: await onlyKey(publicKey),
        role,
        ...(from !== undefined && { from: new Date(from) }),
        ...(retired !== undefined && { retired: new Date(retired) }),
      })),
    ),
  );
}

/** One public key. @throws {ArchiveError} `malformed`, also for several */
export async function onlyKey(armored: string): Promise<Recipient> {
  const [recipient, ...others] = await readPublicKeys(armored);
  if (!recipient || others.length > 0)
    throw new ArchiveError("malformed", "one public key is wanted, not several");
  return recipient;
}

/** A file of recipients. */
export function formatRecipients({ keys }: RecipientList): string {
  const written: z.infer<typeof document> = {
    v: 1,
    keys: keys.map(({ recipient, role, from, retired }) => ({
      role,
      publicKey: recipient.publicKey,
      ...(from && { from: from.toISOString() }),
      ...(retired && { retired: retired.toISOString() }),
    })),
  };
  return `${JSON.stringify(written, undefined, 2)}\n`;
}

function parseDocument(text: string): z.infer<typeof document> {
  try {
    return document.parse(JSON.parse(text));
  } catch (cause) {
    throw new ArchiveError("malformed", "a file of recipients does not fit its schema", { cause });
  }
}

function fromOf(from: Date | undefined): number {
  return from?.getTime() ?? -Infinity;
}
