import { z } from "zod";
import { SignalError } from "../error.ts";
import type { SendContext } from "../sending/send.ts";
import { type LinkedAccount, ownIdentity, writeAccount } from "../store/account.ts";
import { Changes } from "../store/changes.ts";
import type { IdentityKind } from "../store/protocol-stores.ts";
import { rateLimited } from "../transport/failure.ts";
import { ask, askFor } from "../transport/request.ts";
import { forgetOldKeys, type KeyAges, readKeyAges, signedSince, writeKeyAges } from "./key-ages.ts";
import { PreKeyMaker } from "./prekeys.ts";

/** Below so many one-time keys at the server, more are made. */
const FEW_KEYS = 10;
/** Signed and last-resort keys are replaced when they are so old. */
const REPLACE_MS = 36 * 3_600_000;

const counts = z.object({ count: z.int().nonnegative(), pqCount: z.int().nonnegative() });

/**
 * Sees to it that the server has fresh keys of both identities, without which nobody's first message is as safe: replaces
 * signed and last-resort keys, makes one-time keys where few are left, and forgets what nobody can need any more.
 * Repeatable: private halves are durable before public ones leave, and unused ones do no harm.
 *
 * @param adopt is given the account each time that its key numbers moved on, once that is durable
 * @throws {SignalError} `unlinked` when the server knows another identity; `rate-limited`, `unavailable`
 */
export async function keepPreKeys(
  context: SendContext,
  adopt: (account: LinkedAccount) => void,
): Promise<void> {
  let { account } = context;
  const follow = (next: LinkedAccount) => {
    account = next;
    adopt(next);
  };
  for (const kind of ["aci", "pni"] as const) {
    if (!ownIdentity(account, kind)) continue;
    await replace({ ...context, account }, kind, follow);
    await topUp({ ...context, account }, kind, follow);
    const { file, now } = context;
    const changes = new Changes(file);
    forgetOldKeys(changes, kind, now().getTime());
    file.commit(changes, now().getTime());
  }
}

type Adopt = (account: LinkedAccount) => void;

/** Before one-time keys are counted: a server may take word of these for the end of those. */
async function replace(context: SendContext, kind: IdentityKind, adopt: Adopt): Promise<void> {
  const { file, now } = context;
  const since = signedSince(readKeyAges(file, kind));
  const at = now().getTime();
  if (since !== undefined && at - since < REPLACE_MS) return;
  await upload(context, kind, adopt, (maker, ages) => {
    const [signedPreKey, pqLastResortPreKey] = [maker.signed(), maker.lastResort()];
    const [signed, lastResort] = [
      { id: signedPreKey.keyId, madeAt: at },
      { id: pqLastResortPreKey.keyId, madeAt: at },
    ];
    return {
      body: { preKeys: [], pqPreKeys: [], signedPreKey, pqLastResortPreKey },
      ages: { ...ages, signed: [...ages.signed, signed], lastResort: [...ages.lastResort, lastResort] },
    };
  });
}

async function topUp(context: SendContext, kind: IdentityKind, adopt: Adopt): Promise<void> {
  const { chat, now } = context;
  const path = `/v2/keys?identity=${kind}`;
  const { count, pqCount } = await askFor(chat, { verb: "GET", path }, counts);
  if (count >= FEW_KEYS && pqCount >= FEW_KEYS) return;
  await upload(context, kind, adopt, (maker, ages) => {
    const body = maker.oneTime();
    const count = body.preKeys.length + body.pqPreKeys.length;
    const batch = { first: body.preKeys[0]?.keyId ?? 1, count, madeAt: now().getTime() };
    return { body, ages: { ...ages, oneTime: [...ages.oneTime, batch] } };
  });
}

async function upload(
  { file, account, chat, now }: SendContext,
  kind: IdentityKind,
  adopt: Adopt,
  make: (maker: PreKeyMaker, ages: KeyAges) => { body: object; ages: KeyAges },
): Promise<void> {
  const identity = ownIdentity(account, kind);
  if (!identity) return;
  const changes = new Changes(file);
  const at = now().getTime();
  let { nextKeyId } = account;
  const nextId = () => nextKeyId++;
  const before = readKeyAges(file, kind);
  const maker = new PreKeyMaker({ values: changes, kind, identity: identity.privateKey, nextId, now: at });
  const { body, ages } = make(maker, before);
  const next = { ...account, nextKeyId };
  writeAccount(changes, next);
  writeKeyAges(changes, kind, ages);
  file.commit(changes, at);
  adopt(next);
  const answer = await ask(chat, { verb: "PUT", path: `/v2/keys?identity=${kind}`, body });
  if (answer.status === 422)
    throw new SignalError("unlinked", "Signal does not know this account's identity any more: link it again");
  if (answer.status === 429) throw rateLimited(Number(answer.headers.get("retry-after") ?? "60"));
  if (answer.status < 200 || answer.status > 299)
    throw new SignalError("unavailable", `Signal answered ${answer.status} to new keys`);
  const confirmed = new Changes(file);
  writeKeyAges(confirmed, kind, atServer(ages, before, now().getTime()));
  file.commit(confirmed, now().getTime());
}

/** Those that were made just now are at the server. */
function atServer(ages: KeyAges, before: KeyAges, at: number): KeyAges {
  const mark = <T extends object>(keys: readonly T[], known: number) =>
    keys.map((one, n) => (n < known ? one : { ...one, atServer: at }));
  return {
    signed: mark(ages.signed, before.signed.length),
    lastResort: mark(ages.lastResort, before.lastResort.length),
    oneTime: mark(ages.oneTime, before.oneTime.length),
  };
}
