import { createHash } from "node:crypto";
import type { Captured, Event, LinkHealth, Party } from "@daybook/contract";
import type { LinkChange } from "./link-changes.ts";
import type { LinkedConnector } from "./links.ts";

type About = Pick<LinkedConnector, "network" | "method"> & Pick<LinkHealth, "account" | "custodian">;

/** What somebody says of a change of device. */
export interface ChangeAnswer {
  readonly by: Party;
  readonly at: Date;
  /** Whether nothing is missing. */
  readonly complete: boolean;
  readonly words: string;
}

/** That somebody is asked, on the account's own record. The same each time. */
export function askedEvent(about: About, change: LinkChange): Captured {
  return captured(about, `link-asked:${change.id}`, {
    kind: "notice",
    text: `The account was linked again at ${between(change)}. Somebody is asked whether anything is missing.`,
  });
}

/** What was answered: what is missing is a gap. */
export function answeredEvent(about: About, change: LinkChange, answer: ChangeAnswer): Captured {
  const { by, at, complete, words } = answer;
  const said = createHash("sha256")
    .update(JSON.stringify([by.id, at.getTime(), complete, words]))
    .digest("hex");
  const stated = complete ? "Nothing is missing" : "Something is missing";
  const text = `${stated}, said of the account's new link at ${between(change)}: ${words}`;
  return captured(about, `link-answered:${change.id}:${said.slice(0, 32)}`, {
    kind: complete ? "notice" : "gap",
    sender: by,
    sentAt: at.toISOString(),
    text,
    ...(!complete && {
      gap: {
        ...(change.heardUntil && { from: change.heardUntil.toISOString() }),
        to: change.linkedAt.toISOString(),
        why: `Said to be missing around a change of device: ${words}`.slice(0, 1024),
        about: `link ${change.id}`,
      },
    }),
  });
}

function between({ linkedAt, heardUntil }: LinkChange): string {
  const before = heardUntil ? `was last up at ${heardUntil.toISOString()}` : "is not known of";
  return `${linkedAt.toISOString()}; the link before it ${before}`;
}

function captured(
  { network, method, account, custodian }: About,
  eventId: string,
  says: Pick<Event, "kind" | "text"> & Partial<Pick<Event, "gap" | "sender" | "sentAt">>,
): Captured {
  return {
    eventId,
    stableDigest: createHash("sha256").update(eventId).digest("hex"),
    event: {
      v: 1,
      network,
      method,
      provenance: "captured",
      account,
      custodian,
      ...says,
      raw: "",
      connector: { name: "linking", version: "1" },
    },
  };
}
