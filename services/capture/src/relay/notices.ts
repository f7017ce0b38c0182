import { createHash } from "node:crypto";
import type { Captured, Event, Method, Outbound, RelayConversation } from "@daybook/contract";

/** How a relayed message fared, as a record: that it was asked for, before it is sent; that it could not be. */
export function relayNotice(
  message: Outbound,
  about: {
    readonly method: Method;
    readonly conversation: RelayConversation;
    readonly relay: Omit<NonNullable<Event["relay"]>, "id" | "by">;
  },
): Captured {
  const { id, network, account, custodian, by, text } = message;
  const raw = Buffer.from(JSON.stringify(message));
  return {
    eventId: `relay:${id}:${about.relay.state}`,
    stableDigest: createHash("sha256").update(raw).digest("hex"),
    event: {
      v: 1,
      kind: "notice",
      network,
      method: about.method,
      provenance: "captured",
      account,
      custodian,
      conversation: about.conversation,
      // Who wrote it, in Daybook: whom the network shows as its sender, the message itself says.
      sender: by,
      direction: "outgoing",
      ...(about.relay.state === "requested" && { sentAt: message.requestedAt }),
      text,
      relay: { id, by, ...about.relay },
      raw: raw.toString("base64"),
      connector: { name: "relay", version: "1" },
    },
  };
}
