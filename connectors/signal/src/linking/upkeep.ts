import { create, toBinary } from "@bufbuild/protobuf";
import { z } from "zod";
import { SignalError } from "../error.ts";
import { Aci } from "../libsignal.ts";
import { ContentSchema } from "../protocol/gen/content_pb.ts";
import { SyncMessage_Request_Type } from "../protocol/gen/sync_pb.ts";
import { sendTo, type SendContext } from "../sending/send.ts";
import { type LinkedAccount, ownIdentity, writeAccount } from "../store/account.ts";
import { Changes } from "../store/changes.ts";
import type { IdentityKind } from "../store/protocol-stores.ts";
import { ask, askFor } from "../transport/request.ts";
import { PreKeyMaker } from "./prekeys.ts";
import { CAPABILITIES } from "./register.ts";

/** Below so many one-time keys at the server, more are made. */
const FEW_KEYS = 10;

const counts = z.object({ count: z.int().nonnegative(), pqCount: z.int().nonnegative() });

/** Tells the server what this device can do, as each client does on each connection. Repeatable. */
export async function putCapabilities({ chat }: Pick<SendContext, "chat">): Promise<void> {
  await ask(chat, { verb: "PUT", path: "/v1/devices/capabilities", body: CAPABILITIES });
}

/**
 * Sees to it that the server has one-time keys of both identities, without which nobody's first message is as safe.
 * Repeatable: private halves are durable before public ones leave, and unused ones do no harm.
 *
 * @returns the account, whose key numbers moved on
 * @throws {SignalError}
 */
export async function topUpPreKeys(context: SendContext): Promise<LinkedAccount> {
  let { account } = context;
  for (const kind of ["aci", "pni"] as const) account = await topUp({ ...context, account }, kind);
  return account;
}

async function topUp({ chat, file, account, now }: SendContext, kind: IdentityKind): Promise<LinkedAccount> {
  const identity = ownIdentity(account, kind);
  if (!identity) return account;
  const path = `/v2/keys?identity=${kind}`;
  const { count, pqCount } = await askFor(chat, { verb: "GET", path }, counts);
  if (count >= FEW_KEYS && pqCount >= FEW_KEYS) return account;
  const changes = new Changes(file);
  let { nextKeyId } = account;
  const at = now().getTime();
  const keys = new PreKeyMaker({
    values: changes,
    kind,
    identity: identity.privateKey,
    nextId: () => nextKeyId++,
    now: at,
  }).oneTime();
  const next = { ...account, nextKeyId };
  writeAccount(changes, next);
  file.commit(changes, at);
  const answer = await ask(chat, { verb: "PUT", path, body: keys });
  if (answer.status === 422)
    throw new SignalError("unlinked", "Signal does not know this account's identity any more: link it again");
  if (answer.status < 200 || answer.status > 299)
    throw new SignalError("unavailable", `Signal answered ${answer.status} to new keys`);
  return next;
}

const ASKED: readonly SyncMessage_Request_Type[] = [
  SyncMessage_Request_Type.CONTACTS,
  SyncMessage_Request_Type.CONFIGURATION,
  SyncMessage_Request_Type.BLOCKED,
  SyncMessage_Request_Type.KEYS,
];

/** Asks the phone for what only it has: contacts, settings, keys. It answers with messages. */
export async function requestSync(context: SendContext): Promise<void> {
  for (const type of ASKED) {
    const content = create(ContentSchema, {
      content: { case: "syncMessage", value: { content: { case: "request", value: { type } } } },
    });
    const timestamp = context.now().getTime();
    await sendTo(context, Aci.fromUuid(context.account.aci), toBinary(ContentSchema, content), timestamp);
  }
}
