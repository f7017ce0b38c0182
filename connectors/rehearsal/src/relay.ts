import { createHash } from "node:crypto";
import type { Captured, Outbound, Relay, Sink } from "@daybook/contract";
import { accounts, conversations, party } from "./cast.ts";

/** Where a relayed message goes: nowhere, but it is captured as one that was sent. */
export function rehearsalRelay(sink: () => Promise<Sink>): Relay {
  const roomOf = (account: string, id: string) =>
    Object.values(conversations).find(
      (one) =>
        one.id === id &&
        one.members.some((who) => [party(who, "signal"), party(who, "sms")].some((p) => p.id === account)),
    );
  return {
    has: (account) => Object.values(accounts).some(({ id }) => id === account),
    conversation(account, id) {
      const room = roomOf(account, id);
      return Promise.resolve(room && { id: room.id, title: room.title, kind: room.kind });
    },
    async send(message) {
      const room = roomOf(message.account, message.conversation);
      if (!room) {
        const why = "the account is in no conversation of that id";
        return { state: "failed", code: "no-such-conversation", why };
      }
      const captured = sent(message, room);
      await (await sink()).capture([captured]);
      return { state: "sent", networkId: captured.networkId };
    },
  };
}

/** The same for the same message, however often: so that it is one record. */
function sent(
  message: Outbound,
  room: (typeof conversations)[keyof typeof conversations],
): Captured & { networkId: string } {
  const { id, network, account, custodian, text, by, requestedAt } = message;
  const networkId = `rehearsal-relay-${id}`;
  const raw = Buffer.from(JSON.stringify({ rehearsal: "relay", ...message }));
  const parties = room.members.map((who) => party(who, network));
  const sender = parties.find((one) => one.id === account);
  return {
    networkId,
    eventId: networkId,
    stableDigest: createHash("sha256").update(raw).digest("hex"),
    event: {
      v: 1,
      kind: "message",
      network,
      method: Object.values(accounts).find((one) => one.id === account)?.method ?? "linked-device",
      provenance: "captured",
      account,
      custodian,
      conversation: { id: room.id, title: room.title, kind: room.kind },
      ...(sender && { sender }),
      recipients: parties.filter((one) => one.id !== account),
      direction: "outgoing",
      sentAt: requestedAt,
      receivedAt: requestedAt,
      text,
      networkId,
      relay: { id, state: "sent", by },
      raw: raw.toString("base64"),
      connector: { name: "rehearsal", version: "1" },
    },
  };
}
