import type { Captured, Event } from "@daybook/contract";
import { missingOf, rowsAsEvidence, type ScopedSink, type StateFile } from "@daybook/keeping";
import { networkIdOf, titleOf } from "../events/fields.ts";
import { CONNECTOR } from "../events/message.ts";
import type { Mailbox } from "../journal/receive.ts";
import { WebRefusal } from "../oauth/web.ts";
import { sha256 } from "../reading/header-block.ts";
import type { TraceApi } from "./graph-api.ts";
import { DAY_MS } from "./mark.ts";
import { namesOf, standingOf, type TraceRow } from "./row.ts";

/** More messages of one mailbox and day are not compared. */
const MAX_MESSAGES = 200_000;

export type TraceKind = "journaled" | "trace";

export interface DayOptions {
  readonly api: TraceApi;
  readonly state: StateFile<TraceKind>;
  readonly mailbox: Mailbox;
  /** Its beginning, UTC, milliseconds since 1970. */
  readonly day: number;
  /** What scope leaves out is missed by nobody. */
  readonly excludes?: ScopedSink["excludes"];
}

/** What the tenant says of one mailbox and day, beside what the journal told of. */
export interface ComparedDay {
  /** Messages that the tenant has, and the names of those that no journal told of. */
  readonly theirs: number;
  readonly missing: readonly string[];
  /** Whether nothing is under way any more, and the list has what it should at least. */
  readonly isWhole: boolean;
  /** Of what is missing, with the tenant's rows of it. */
  readonly gap: Captured | undefined;
  /** Messages that the tenant stopped and no journal told of, and the notice that says so, with the tenant's rows of them. */
  readonly stopped: Stopped;
  readonly notice: Captured | undefined;
}

/** How many messages the tenant stopped on their way that no journal told of, by what became of them. */
export interface Stopped {
  readonly failed: number;
  readonly quarantined: number;
}

/** By which names a journal told of a message in an account, and that it told of one that was written that day. */
export const noted = (account: string, name: string) => `${account} told of ${name}`;
export const notedDay = (account: string, day: number) => `${account} had mail on ${day}`;

/**
 * Asks what the tenant sent and got for a mailbox in a day. Of what agrees, nothing is kept. May be repeated.
 *
 * @throws {WebRefusal} nothing is known of the day
 */
export async function compareDay(options: DayOptions, signal: AbortSignal): Promise<ComparedDay> {
  const { state, mailbox, day } = options;
  const [account] = mailbox.addresses;
  const theirs = new Set<string>();
  const missing = new Map<string, TraceRow[]>();
  const found = new Set<string>();
  const stopped = new Map<string, TraceRow[]>();
  const isNoted = (name: string) => state.has("journaled", noted(account, name));
  let [isListed, isSettled] = [false, true];
  for await (const row of rowsOf(options, signal)) {
    isListed = true;
    const standing = standingOf(row);
    const [name] = namesOf(row);
    if (standing === "under-way" || name === undefined) isSettled = false;
    if (standing === "under-way" || name === undefined) continue;
    if (!namesOf(row).some(isNoted) && (await isLeftOut(row, name, options))) continue;
    if (theirs.size + stopped.size >= MAX_MESSAGES) throw new WebRefusal(200);
    if (standing === "stopped") {
      stopped.set(name, [...(stopped.get(name) ?? []), row]);
      continue;
    }
    theirs.add(name);
    // Of two rows of one message, either may have the name that a journal told of.
    if (namesOf(row).some(isNoted)) {
      found.add(name);
      missing.delete(name);
    } else if (!found.has(name)) missing.set(name, [...(missing.get(name) ?? []), row]);
  }
  const isEmptyInError = !isListed && state.has("journaled", notedDay(account, day));
  const isTold = (rows: readonly TraceRow[]) => rows.flatMap(namesOf).some(isNoted);
  // What went its way to one recipient is compared, whatever became of it on its way to another.
  const onlyStopped = [...stopped].filter(([name]) => !theirs.has(name));
  const untold = onlyStopped.filter(([, rows]) => !isTold(rows));
  return {
    theirs: theirs.size,
    missing: [...missing.keys()],
    isWhole: isSettled && !isEmptyInError,
    gap: gapOf(options, theirs, missing),
    stopped: countOf(untold),
    notice: stoppedOf(options, new Map(untold), onlyStopped.length - untold.length),
  };
}

/** By what the tenant tells of it: which conversation a reply is in, that is by its subject alone. */
async function isLeftOut(
  { subject }: TraceRow,
  name: string,
  { mailbox, excludes }: DayOptions,
): Promise<boolean> {
  const id = networkIdOf(name) ?? name;
  const conversation = { id, title: titleOf(subject ?? undefined), kind: "unknown" } as const;
  return (await excludes?.({ ...aboutOf(mailbox), conversation })) ?? false;
}

/** One that is held for one recipient and failed for another may yet be let go. */
function countOf(of: readonly (readonly [string, readonly TraceRow[]])[]): Stopped {
  const quarantined = of.filter(([, rows]) => rows.some(({ status }) => status === "quarantined")).length;
  return { failed: of.length - quarantined, quarantined };
}

function stoppedOf(
  { mailbox, day }: DayOptions,
  untold: ReadonlyMap<string, readonly TraceRow[]>,
  told: number,
): Captured | undefined {
  if (untold.size === 0) return undefined;
  const { failed, quarantined } = countOf([...untold]);
  const name = new Date(day).toISOString().slice(0, 10);
  const text = [
    `Of ${name}, the tenant stopped ${untold.size} messages of this mailbox on their way that its journal did not tell of:`,
    `${failed} failed, ${quarantined} quarantined. Whether a journal tells of such, Microsoft does not say: none of them is counted as`,
    `missing. Of ${told} others that it stopped, the journal told.`,
  ].join(" ");
  const notice = captured(mailbox, `stopped:${name}`, { kind: "notice", text });
  return {
    ...notice,
    stableDigest: sha256(JSON.stringify([text, [...untold.keys()].sort()])),
    event: { ...notice.event, raw: evidenceOf(untold).toString("base64") },
  };
}

async function* rowsOf({ api, mailbox, day }: DayOptions, signal: AbortSignal): AsyncGenerator<TraceRow> {
  for (const address of mailbox.addresses)
    for (const by of ["senderAddress", "recipientAddress"] as const) {
      const query = { by, address, from: new Date(day), to: new Date(day + DAY_MS) };
      for await (const rows of api.rows(query, signal))
        for (const row of rows) {
          // What was not asked for is no answer; the end is in it, and belongs to the next day.
          const { receivedDateTime: at } = row;
          if (row[by] === address && at >= day && at < day + DAY_MS) yield row;
        }
    }
}

function gapOf(
  { mailbox, day }: DayOptions,
  theirs: ReadonlySet<string>,
  missing: ReadonlyMap<string, readonly TraceRow[]>,
): Captured | undefined {
  return missingOf({
    about: aboutOf(mailbox),
    from: new Date(day),
    to: new Date(day + DAY_MS),
    theirs: [...theirs],
    ours: [...theirs].filter((name) => !missing.has(name)),
    answer: evidenceOf(missing),
  });
}

/** The tenant's rows of messages, as many as fit. */
function evidenceOf(of: ReadonlyMap<string, readonly TraceRow[]>): Buffer {
  const rows = [...of.values()].flat();
  return rowsAsEvidence(
    rows.map((row) => ({ ...row, receivedDateTime: new Date(row.receivedDateTime).toISOString() })),
  );
}

/** Days of which no list was had while there was one. */
export function unknownOf(mailbox: Mailbox, { from, to }: { from: number; to: number }): Captured {
  const gap = {
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    why: "The tenant's message trace of this time was not had whole: what the journal left out of it is not known",
  };
  return captured(mailbox, `untraced:${gap.from}:${gap.to}`, { kind: "gap", gap });
}

/** That nothing of a day is missing any more: the gap before stays. */
export function completedOf(mailbox: Mailbox, day: number): Captured {
  const name = new Date(day).toISOString().slice(0, 10);
  const text = `What the gap of ${name} names as missing came late: the journal has told of all of it since`;
  return captured(mailbox, `completed:${name}`, { kind: "notice", text });
}

function captured(mailbox: Mailbox, eventId: string, said: Pick<Event, "kind" | "text" | "gap">): Captured {
  return {
    eventId,
    stableDigest: sha256(JSON.stringify(said)),
    event: { v: 1, provenance: "captured", ...aboutOf(mailbox), ...said, raw: "" },
  };
}

function aboutOf({ addresses: [account], custodian }: Mailbox) {
  return { network: "email", method: "journal", account, custodian, connector: CONNECTOR } as const;
}
