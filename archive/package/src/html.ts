import { hash } from "node:crypto";
import { attachmentPath } from "./attachment-name.ts";
import { bodyOf, rsmfTime, zoneUnknown } from "./rsmf-manifest.ts";
import { named } from "./index-csv.ts";
import type { ReadRecord, ThreadDay, ThreadEvent } from "./thread.ts";

const STYLE = `body{font:1rem/1.5 system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem;color:#0b0c0c;background:#fff}
h1{font-size:1.5rem}.event{border-left:.25rem solid #b1b4b6;margin:1rem 0;padding:.25rem 1rem;overflow-wrap:anywhere}
.outgoing{border-color:#1d70b8}.text{white-space:pre-wrap;margin:.25rem 0}.meta,.later{color:#505a5f;font-size:.875rem;margin:0}
.flag{font-weight:700;color:#0b0c0c}`;
const STYLE_HASH = Buffer.from(hash("sha256", STYLE), "hex").toString("base64");
const HEAD = `<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer"><style>${STYLE}</style>`;

/** A day of a conversation as a page: static, without script, nothing from outside. */
export function dayPage(day: ThreadDay): string {
  const heading = `${titleOf(day)}, ${day.day}`;
  const supplied = day.events.some(({ record }) => record.provenance === "supplied");
  return page(
    heading,
    `<p><a href="index.html">All conversations</a></p>
<p>Custodian: <bdi>${escape(named(day.custodian))}</bdi>. Network: ${escape(day.network)}. This is a reading copy: the evidence is in data/records.</p>
${supplied ? '<p class="flag">Events marked “supplied” come from an export handed over by an interested party: text that could be edited before it was archived.</p>' : ""}
${day.events.map(eventBlock).join("\n")}`,
  );
}

/** One line of the index page. */
export function indexLine(day: ThreadDay): string {
  return `<li><a href="${day.name}.html"><bdi>${escape(named(day.custodian))}</bdi>, ${escape(day.network)}, <bdi>${escape(titleOf(day))}</bdi>, ${day.day}</a> (${day.events.length})</li>\n`;
}

/** What stands before and after the lines of the index page. */
export function indexFrame(packageName: string): { head: string; tail: string } {
  const [head = "", tail = ""] = page(
    `Conversations in ${packageName}`,
    `<p>A reading copy, by custodian, conversation and day. What is not part of a conversation (gaps, coverage, audit) is in data/*.jsonl and data/index.csv.</p>\n<ul>\n\0</ul>`,
  ).split("\0");
  return { head, tail };
}

/** Text as HTML, controls that HTML cannot hold made visible. */
export function escape(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;")
    .replace(/[\0-\x08\x0b-\x1f\x7f-\x9f]/g, "\u{fffd}");
}

function page(title: string, body: string): string {
  return `<!DOCTYPE html>
<html lang="en"><head>${HEAD}<title>${escape(title)}</title></head><body>
<h1><bdi>${escape(title)}</bdi></h1>
${body}
</body></html>
`;
}

function eventBlock(event: ThreadEvent): string {
  const { record, edits, deletions, reactions, receipts, attachments } = event;
  const versions = [record, ...edits];
  const texts = versions.map((version, i) => {
    const label =
      versions.length === 1
        ? ""
        : `<p class="later">Version ${i + 1}${i === 0 ? "" : `, edited ${when(version)}${by(version)} (record ${version.id})`}:</p>`;
    return `${label}<p class="text" dir="auto">${escape(i === 0 ? bodyOf(version) : (version.text ?? ""))}</p>`;
  });
  const later = [
    ...deletions.map(
      (r) => `<span class="flag">Deleted</span> ${when(r)}${by(r)}; what was captured is kept above`,
    ),
    ...reactions.map(
      (r) => `${r.text ? `Reaction <bdi>${escape(r.text)}</bdi>` : "Reaction taken back"} ${when(r)}${by(r)}`,
    ),
    ...receipts.map((r) => `Receipt${r.text ? ` (${escape(r.text)})` : ""} ${when(r)}${by(r)}`),
  ].map((line) => `<p class="later">${line}</p>`);
  const files = attachments.map(
    (a) =>
      `<p class="later">Attachment: <a href="../${attachmentPath(a)}"><bdi>${escape(a.name || a.sha256)}</bdi></a> (${a.sizeBytes} bytes)</p>`,
  );
  return `<div class="event ${record.direction ?? ""}" id="r${record.id}"><p class="meta"><bdi>${escape(named(record.sender) || record.kind)}</bdi>${to(record)}, ${when(record)}, <span${record.provenance === "supplied" ? ' class="flag"' : ""}>${record.provenance}</span> (${record.method}), <a href="../records/${record.id}.json">record ${record.id}</a></p>
${texts.join("")}${files.join("")}${later.join("")}</div>`;
}

function to({ recipients }: ReadRecord): string {
  if (!recipients?.length) return "";
  const shown = recipients.slice(0, 20).map((party) => `<bdi>${escape(named(party))}</bdi>`);
  const more = recipients.length > shown.length ? ` and ${recipients.length - shown.length} more` : "";
  return ` to ${shown.join(", ")}${more}`;
}

function by({ sender }: ReadRecord): string {
  return sender ? ` by <bdi>${escape(named(sender))}</bdi>` : "";
}

function when(record: ReadRecord): string {
  const time = rsmfTime(record);
  if (record.sentAt !== undefined) return `<time datetime="${time}">${time}</time>`;
  if (zoneUnknown(record)) return `<time>${time}</time> (zone unknown)`;
  return `captured <time datetime="${time}">${time}</time>`;
}

function titleOf({ conversation }: ThreadDay): string {
  return conversation.title === "" ? conversation.id : conversation.title;
}
