import type { RecordRef } from "@daybook/catalogue";
import type { Stored } from "./catalogue.ts";

/** What a test says of a record. */
export type Given = Partial<Omit<RecordRef, "keys">> & {
  readonly id: string;
  readonly keys?: Partial<RecordRef["keys"]>;
  readonly text?: string;
};

/** A record of Ada's on WhatsApp, on 4 March, unless given otherwise. */
export function stored({ text = "", keys, ...given }: Given, index: number): Stored {
  const ref: RecordRef = {
    shard: "0",
    index,
    segment: { firstIndex: 0, digest: "00".repeat(32) },
    off: 0,
    len: 1,
    kind: "message",
    network: "whatsapp",
    method: "linked-device",
    provenance: "captured",
    at: "2026-03-04T12:00:00.000Z",
    zoneUnknown: false,
    capturedAt: "2026-03-04T12:00:00.000Z",
    attachments: 0,
    partlyIndexed: false,
    keys: { account: "account", custodian: "ada", ...keys },
    ...given,
  };
  return { ref, text };
}
