import { randomUUID } from "node:crypto";
import type { Outbound } from "@daybook/contract";
import { FERGUS } from "../fixtures/pdus.ts";
import { ACCOUNT, CUSTODIAN } from "./settings.ts";

export const CLERK = { id: "id-clerk", name: "A clerk" };

/** An answer to Fergus that the official's office asked for. */
export function outbound(more: Partial<Outbound> = {}): Outbound {
  return {
    v: 1,
    id: randomUUID(),
    network: "sms",
    account: ACCOUNT,
    custodian: CUSTODIAN,
    conversation: `+${FERGUS}`,
    text: "We sail at nine.",
    by: CLERK,
    requestedAt: "2026-03-04T09:00:00.000Z",
    expiresAt: "2099-01-01T00:00:00.000Z",
    ...more,
  };
}
