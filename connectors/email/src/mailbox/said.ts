import type { Captured } from "@daybook/contract";
import { CONNECTOR, idOf } from "../events/message.ts";
import { accountOf, type ImapAccount } from "./options.ts";
import type { Lost, Missed } from "./state.ts";

const MAX_UIDS = 100;

const WHY: Readonly<Record<Missed["why"], (count: number) => string>> = {
  gone: (count) =>
    `Numbers were given to ${count} messages that are not there: they came and were removed before anybody could read them`,
  refused: (count) => `The server does not hand over ${count} messages that it has`,
  "too-large": () => "A message is larger than is taken",
};

const aboutOf = (account: ImapAccount) =>
  ({
    v: 1,
    network: "email",
    method: "export",
    provenance: "supplied",
    account: accountOf(account),
    custodian: account.custodian,
    connector: CONNECTOR,
  }) as const;

const times = ({ from, to }: { readonly from: number; readonly to: number }) => ({
  from: new Date(from).toISOString(),
  to: new Date(to).toISOString(),
});

/** That a message is in none of the folders any more. Whoever removed it: the mailbox is its owner's. */
export function deleteOf(lost: Lost, target: string, account: ImapAccount): Captured {
  const { folder, uidValidity, uid } = lost;
  const evidence = JSON.stringify({ v: 1, host: account.host, folder, uidValidity, uid, ...times(lost) });
  return {
    ...idOf("imap-delete", evidence),
    event: { ...aboutOf(account), kind: "delete", target, raw: Buffer.from(evidence).toString("base64") },
  };
}

export function gapOf(missed: Missed, account: ImapAccount): Captured {
  const { folder, uidValidity, uids, count, why } = missed;
  const evidence = JSON.stringify({
    v: 1,
    host: account.host,
    folder,
    uidValidity,
    uids,
    why,
    ...times(missed),
  });
  const about = `${count > uids.length ? "UIDs from" : "UID"} ${uids.slice(0, MAX_UIDS).join(" ")} of ${folder}`;
  return {
    ...idOf("imap-gap", evidence),
    event: {
      ...aboutOf(account),
      kind: "gap",
      gap: { ...times(missed), why: WHY[why](count), about: about.toWellFormed().slice(0, 1_000) },
      raw: Buffer.from(evidence).toString("base64"),
    },
  };
}
