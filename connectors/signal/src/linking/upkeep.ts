import { create, toBinary } from "@bufbuild/protobuf";
import { Aci } from "../libsignal.ts";
import { ContentSchema } from "../protocol/gen/content_pb.ts";
import { SyncMessage_Request_Type } from "../protocol/gen/sync_pb.ts";
import { sendTo, type SendContext } from "../sending/send.ts";
import { ask } from "../transport/request.ts";
import { CAPABILITIES } from "./register.ts";

/** Tells the server what this device can do, as each client does on each connection. Repeatable. */
export async function putCapabilities({ chat }: Pick<SendContext, "chat">): Promise<void> {
  await ask(chat, { verb: "PUT", path: "/v1/devices/capabilities", body: CAPABILITIES });
}

const ASKED: readonly SyncMessage_Request_Type[] = [
  SyncMessage_Request_Type.CONTACTS,
  SyncMessage_Request_Type.CONFIGURATION,
  SyncMessage_Request_Type.BLOCKED,
  SyncMessage_Request_Type.KEYS,
];

/** The keys alone, where those that are known open nothing. */
export async function requestKeys(context: SendContext): Promise<void> {
  await requestSync(context, [SyncMessage_Request_Type.KEYS]);
}

/** Asks the phone for what only it has: contacts, settings, keys. It answers with messages. */
export async function requestSync(context: SendContext, what = ASKED): Promise<void> {
  for (const type of what) {
    const content = create(ContentSchema, {
      content: { case: "syncMessage", value: { content: { case: "request", value: { type } } } },
    });
    const timestamp = context.now().getTime();
    await sendTo(context, Aci.fromUuid(context.account.aci), toBinary(ContentSchema, content), timestamp);
  }
}
