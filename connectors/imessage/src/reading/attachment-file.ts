import type { Row } from "../database/table.ts";
import { digestOf } from "./entry.ts";

/** A file that a message names. */
export interface AttachmentFile {
  /** By what it is known among those of its message, wherever it stands among them. */
  readonly id: string;
  readonly name: string;
  readonly mediaType: string;
  /** Below `Attachments`, with `/`; undefined where the database names none there. */
  readonly path: string | undefined;
  /** The database names a place outside of `Attachments`: nothing is looked for there. */
  readonly isOutside: boolean;
}

const MAX_NAME = 255;
const ATTACHMENTS =
  /^(?:~|\/Users\/[^/]+|\/(?:private\/)?var\/mobile)\/Library\/(?:Messages|SMS)\/Attachments\/(.+)$/s;

export function attachmentFile(row: Row): AttachmentFile {
  const filename = row.text("filename");
  const type = row.text("mime_type") ?? "";
  const name = row.text("transfer_name") ?? filename?.split("/").at(-1);
  const path = filename === undefined ? undefined : pathWithin(filename);
  return {
    id: digestOf(row.text("guid") ?? `row-${row.rowid}`).slice(0, 20),
    name: (name ?? row.text("guid") ?? "attachment").slice(0, MAX_NAME),
    mediaType: /^[\w.+-]{1,100}\/[\w.+-]{1,100}$/.test(type)
      ? type.toLowerCase()
      : "application/octet-stream",
    path,
    isOutside: filename !== undefined && path === undefined,
  };
}

/** The part of a path below `Attachments`; undefined for a path that could lead out of it. */
export function pathWithin(filename: string): string | undefined {
  const path = ATTACHMENTS.exec(filename)?.[1];
  if (path === undefined || path.includes("\u0000") || path.includes("\\")) return undefined;
  const isInside = path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
  return isInside ? path : undefined;
}
