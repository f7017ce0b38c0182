import { createHash } from "node:crypto";
import type { AgentDraft, AgentPart, AgentReader, Event } from "@daybook/contract";
import { readingOf } from "../../captured.ts";
import type { Row } from "../../database/table.ts";
import { attachmentFile } from "../../reading/attachment-file.ts";
import { tombstone } from "../../reading/changes.ts";
import { entriesOf } from "../../reading/entries.ts";
import { digestOf, type Entry, idOf } from "../../reading/entry.ts";
import { type Handed, handedIn } from "./handed.ts";
import { foundIn, type HandedRow } from "./handed-row.ts";

/** Raise it when a reading changes: then the agent reads every row again. */
export const READING = "1";
const CONNECTOR = { name: "imessage-agent", version: READING } as const;

type Content = Pick<Event, "kind"> & Partial<Event>;
interface Made extends Omit<AgentDraft, "event"> {
  readonly content: Content;
}

/** Rows of a Mac's messages database, as its agent hands them over: `AGENT.md`. Read by what reads an import. */
export const macMessagesReader: AgentReader = {
  kind: "mac-imessage",
  network: "imessage",
  read(raw, parts, about) {
    const base = {
      v: 1,
      network: "imessage",
      method: "device-agent",
      provenance: "captured",
      account: about.account,
      custodian: about.custodian,
      connector: CONNECTOR,
      raw: raw.toString("base64"),
    } as const;
    const said = handedIn(raw);
    const made = said ? draftsOf(said, raw, parts, about) : [];
    const drafts = made.length > 0 ? made : [unreadable(raw, parts)];
    // Each bears the bytes: of a row that comes again, what was recorded before is no record a second time.
    return drafts.map(({ content, ...draft }) => ({ ...draft, event: { ...base, ...content } }));
  },
};

function draftsOf(
  said: Handed,
  raw: Buffer,
  parts: readonly AgentPart[],
  about: Parameters<AgentReader["read"]>[2],
): Made[] {
  const draft = (entry: Entry): Made => ({
    eventId: entry.eventId,
    stableDigest: entry.stableDigest,
    ...alsoIn(entry),
    content: readingOf(entry, about.custodian),
  });
  switch (said.seen) {
    case "row":
      return ofRow(said, raw, parts, draft);
    case "gone":
      return [gone(said)];
    case "tombstone":
      return [draft(tombstone(said.deletedMessage.guid, said.deletedMessage.ROWID))];
    case "file":
      return [file(said, parts)];
    case "gap": {
      const id = idOf(`agent:${about.agent}`, "gap", said.why, said.at);
      const gap = {
        ...(said.from !== undefined && { from: iso(said.from) }),
        to: iso(said.at),
        why: WHY[said.why],
      };
      return [made(id, digestOf(id), { kind: "gap", gap })];
    }
    case "count":
      return [counted(said, about.agent)];
    case "canary": {
      const content = said.coverage
        ? { kind: "coverage" as const, coverage: said.coverage }
        : said.gap && { kind: "gap" as const, gap: said.gap };
      return content ? [made(said.id, digestOf(said.id, JSON.stringify(content)), content)] : [];
    }
  }
}

/** The events of a row that is handed over, as an import has them. */
export function entriesIn(row: HandedRow, bytes: Buffer): readonly Entry[] {
  const { found, people, raw } = foundIn(row, bytes);
  return entriesOf(found, people, raw);
}

function ofRow(
  row: HandedRow,
  raw: Buffer,
  parts: readonly AgentPart[],
  draft: (entry: Entry) => Made,
): Made[] {
  const { found, people, raw: evidence } = foundIn(row, raw);
  return entriesOf(found, people, evidence).flatMap((entry) => {
    if (entry.kind !== "message") return [draft(entry)];
    const came = row.files.flatMap((state) =>
      typeof state === "object" && "sha256" in state
        ? (parts.find(({ sha256 }) => sha256 === state.sha256) ?? [])
        : [],
    );
    const missing = row.files.flatMap((state, n) =>
      typeof state === "object" && "missing" in state
        ? [gapOf(entry, found.attachments[n], n, state.missing)]
        : [],
    );
    return [{ ...draft(entry), ...(came.length > 0 && { parts: came }) }, ...missing];
  });
}

function gapOf(entry: Entry, attachment: Row | undefined, n: number, why: keyof typeof MISSING): Made {
  const { network, conversation, sentAt, networkId } = entry;
  const name = attachment ? attachmentFile(attachment).name : "attachment";
  const missing = missingFile(idOf(entry.eventId, "file", n), name, why, {
    network,
    ...(conversation && { conversation }),
    ...(sentAt !== undefined && { sentAt }),
    ...(networkId !== undefined && { target: networkId }),
  });
  return { ...missing, ...alsoIn(entry) };
}

function gone(said: Handed & { seen: "gone" }): Made {
  const { guid, at, network, conversation } = said;
  const vanished = made(idOf(guid, "gone"), digestOf(guid, "gone"), {
    kind: "delete",
    network,
    ...(conversation && { conversation }),
    receivedAt: iso(at),
    text: "Gone from the Mac's database: who deleted it, and when, is not known",
    networkId: idOf(guid, "gone"),
    target: idOf(guid),
  });
  return { ...vanished, ...alsoIn(said) };
}

function file(said: Handed & { seen: "file" }, parts: readonly AgentPart[]): Made {
  const { guid, network, conversation, n, at } = said;
  const id = idOf(guid, "file", said.file ?? n);
  const where = { network, ...(conversation && { conversation }), target: idOf(guid) };
  const part = parts.find(({ sha256 }) => sha256 === said.sha256);
  if (!part) return { ...missingFile(id, said.name, said.missing ?? "not-there", where), ...alsoIn(said) };
  return {
    ...alsoIn(said),
    ...made(id, digestOf(id, part.sha256), {
      ...where,
      kind: "notice",
      receivedAt: iso(at),
      text: "The attachment of this message",
    }),
    parts: [part],
  };
}

/** The same rows are the same record, whenever they are counted. */
function counted(said: Handed & { seen: "count" }, agent: string): Made {
  const { from, at, through, there, missing, rows } = said;
  const digest = digestOf(String(missing), ...rows);
  return made(idOf(`agent:${agent}`, "count", digest), digest, {
    kind: "gap",
    gap: {
      ...(from !== undefined && { from: iso(from) }),
      to: iso(at),
      why: `The Mac's database has ${there} rows of messages up to number ${through}, of which ${missing} were never answered as recorded: they are handed over again`,
      about: `rows ${rows.join(" ")}`.slice(0, 1_024),
    },
  });
}

/** @param id of the file */
function missingFile(id: string, name: string, why: keyof typeof MISSING, where: Partial<Event>): Made {
  const gap = {
    why: `An attachment is missing: ${MISSING[why]}`,
    about: name.slice(0, 1_024).toWellFormed(),
  };
  return made(idOf(id, "gap"), digestOf(id, why), { ...where, kind: "gap", gap });
}

const MISSING = {
  outside: "it is kept outside of the folder of attachments",
  "too-large": "it is larger than is kept",
  "not-there": "it was not on the Mac within a day",
} as const;

const WHY = {
  "database-replaced":
    "The messages database on the Mac is another than before, or was put back to an earlier state: what happened in between may be missing",
  "database-unreadable":
    "The messages database on the Mac could not be read: what was unsent or deleted meanwhile may be missing",
} as const;

function unreadable(raw: Buffer, parts: readonly AgentPart[]): Made {
  const digest = createHash("sha256").update(raw).digest("hex");
  const text = "The Mac's agent handed over something that is no row of its messages: it is kept as it came";
  return {
    ...made(`mac:unread:${digest}`, digest, { kind: "notice", text }),
    ...(parts.length > 0 && { parts }),
  };
}

function alsoIn(of: { readonly alsoIn?: AgentDraft["alsoIn"] | undefined }): Pick<AgentDraft, "alsoIn"> {
  return of.alsoIn ? { alsoIn: of.alsoIn } : {};
}

function made(eventId: string, stableDigest: string, content: Content): Made {
  return { eventId, stableDigest, content };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
