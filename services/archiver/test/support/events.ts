import { hash } from "node:crypto";
import { encodeEnvelope, type Envelope, type Event } from "@daybook/contract";

/** The n-th event of a test: the same at every call. */
export function envelopeOf(n: number, more: Partial<Event> = {}, keys: string[] = []): Envelope {
  return {
    v: 1,
    eventId: `event-${n}`,
    stableDigest: hash("sha256", `raw ${n}`),
    keys,
    event: {
      v: 1,
      kind: "message",
      network: "whatsapp",
      method: "linked-device",
      provenance: "captured",
      account: "acct-1",
      custodian: { id: "c1", name: "Ada Custodian" },
      conversation: { id: `conv-${n % 5}`, title: "Budget talks", kind: "group" },
      sender: { id: `p${n % 7}`, name: "Grace Sender" },
      sentAt: "2026-03-04T15:04:05.000Z",
      capturedAt: "2026-03-04T15:04:06.000Z",
      text: `Figure ${n} of the budget`,
      networkId: `n${n}`,
      raw: Buffer.from(`raw ${n}`).toString("base64"),
      connector: { name: "test", version: "1" },
      ...more,
    },
  };
}

export function eventBytes(n: number, more: Partial<Event> = {}, keys: string[] = []): Buffer {
  return encodeEnvelope(envelopeOf(n, more, keys));
}
