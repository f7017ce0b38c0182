import type { EntryOf } from "../store/entry.ts";
import type { People } from "./people.ts";
import type { Reading } from "./reading.ts";

/** That somebody is called something else from now on: earlier records keep the name of their time. */
export function readRenamed({ sender, of, from, to }: EntryOf<"renamed">, people: People): Reading {
  const whose = sender === people.own ? "The account's own" : "The person's";
  const what = of === "name" ? "name on the official's phone" : "Signal profile name";
  return {
    kind: "identity",
    sender: people.party(sender),
    ...(sender !== people.own && { conversation: people.direct(sender) }),
    text: `${whose} ${what} was "${from}" and is "${to}" now`.toWellFormed(),
  };
}
