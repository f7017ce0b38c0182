import type { Proto } from "@signalapp/mock-server";
import { mock } from "./mock-signal.ts";

export type Content = Proto.Content.Params;

/** A content with nothing beside its body. */
export const content = (body: Content["content"]): Content => ({
  content: body,
  senderKeyDistributionMessage: null,
  pniSignatureMessage: null,
});

/** A message between people that says only what is given. */
export const data = (fields: Partial<Proto.DataMessage.Params>): Content =>
  content({ dataMessage: { ...mock.EMPTY_DATA_MESSAGE, ...fields } });

export const edit = (of: number, body: string): Content =>
  content({
    editMessage: { targetSentTimestamp: BigInt(of), dataMessage: { ...mock.EMPTY_DATA_MESSAGE, body } },
  });

/** What a phone tells the account's other devices. */
export const sync = (fields: Partial<Proto.SyncMessage.Params>): Content =>
  content({
    syncMessage: {
      content: null,
      read: null,
      viewed: null,
      stickerPackOperation: null,
      padding: null,
      ...fields,
    },
  });

export const call = (fields: Partial<Proto.CallMessage.Params>): Content =>
  content({
    callMessage: {
      offer: null,
      answer: null,
      iceUpdate: null,
      busy: null,
      hangup: null,
      destinationDeviceId: null,
      opaque: null,
      ...fields,
    },
  });
