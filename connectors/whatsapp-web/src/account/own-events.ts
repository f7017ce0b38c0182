import { createHash } from "node:crypto";
import type { Captured, Event } from "@daybook/contract";
import { type About, CONNECTOR } from "../reading/drafts.ts";
import type { Account } from "./kept.ts";

type Says = Pick<Event, "kind"> & Partial<Pick<Event, "gap" | "text" | "conversation" | "receivedAt">>;

/** What the connector itself says on an account's record. @param id the same each time that it is said */
export function ownEvent(id: string, { account, custodian, method }: About, says: Says): Captured {
  return {
    eventId: id,
    stableDigest: createHash("sha256").update(id).digest("hex"),
    event: {
      v: 1,
      network: "whatsapp",
      method,
      provenance: "captured",
      account,
      custodian,
      ...says,
      raw: "",
      connector: CONNECTOR,
    },
  };
}

/** What a link cannot have heard: what was said before it, or since the one before it. */
export function linkEvents(about: About, { linkedAt, heardUntil }: Account): Captured[] {
  const at = new Date(linkedAt).toISOString();
  const again = heardUntil !== undefined;
  const why = again
    ? "The account was linked again: what was said after the link before was last up and until then may be missing"
    : "What was said before the account was linked was not taken: coverage starts here";
  const text = again ? "The account was linked to Daybook again" : "The account was linked to Daybook";
  return [
    ownEvent(`linked:${linkedAt}`, about, { kind: "notice", text, receivedAt: at }),
    ownEvent(`before-link:${linkedAt}`, about, {
      kind: "gap",
      gap: { ...(again && { from: new Date(heardUntil).toISOString() }), to: at, why },
    }),
  ];
}
