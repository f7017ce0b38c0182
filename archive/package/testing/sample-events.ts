import { hash } from "node:crypto";
import type { Event } from "@daybook/contract";

/** An event with what a test does not care about filled in. */
export function sampleEvent(event: Partial<Event> = {}): Event {
  return {
    v: 1,
    kind: "message",
    network: "signal",
    method: "linked-device",
    provenance: "captured",
    account: "+447700900001",
    custodian: { id: "c1", name: "Ada Byron" },
    conversation: { id: "g1", title: "Press office", kind: "group" },
    sender: { id: "+447700900002", name: "Charles Babbage" },
    sentAt: "2026-03-04T15:04:05.000Z",
    capturedAt: "2026-03-04T15:04:06.000Z",
    raw: "AAEC",
    connector: { name: "signal", version: "1" },
    ...event,
  };
}

export function auditEvent(
  deployment: string,
  action: string,
  detail: NonNullable<Event["audit"]>["detail"],
): Event {
  return {
    v: 1,
    kind: "audit",
    network: "daybook",
    method: "internal",
    provenance: "captured",
    account: deployment,
    capturedAt: "2026-03-09T10:00:00.000Z",
    audit: { actor: "p1", action, matter: "M-1", ...(detail && { detail }) },
    raw: "",
    connector: { name: "daybook", version: "1" },
  };
}

/** Attachment bytes, as a record cites them and as a package takes them. */
export function sampleAttachment(content: string | Uint8Array, name: string, mediaType: string) {
  const bytes = Buffer.from(content);
  const about = { sha256: hash("sha256", bytes), name, mediaType, sizeBytes: bytes.length };
  return {
    ref: { ...about, sealed: hash("sha256", Buffer.concat([bytes, Buffer.from("sealed")])) },
    file: {
      ...about,
      async *open() {
        yield bytes;
      },
    },
  };
}
