/** Extensions that a package's attachments may have: nothing that a viewer would run. */
export const SAFE_EXTENSIONS: ReadonlyMap<string, string> = new Map([
  ["image/jpeg", "jpg"],
  ["image/png", "png"],
  ["image/gif", "gif"],
  ["image/webp", "webp"],
  ["image/heic", "heic"],
  ["image/bmp", "bmp"],
  ["image/tiff", "tif"],
  ["video/mp4", "mp4"],
  ["video/3gpp", "3gp"],
  ["video/quicktime", "mov"],
  ["video/webm", "webm"],
  ["audio/ogg", "ogg"],
  ["audio/opus", "opus"],
  ["audio/mpeg", "mp3"],
  ["audio/mp4", "m4a"],
  ["audio/aac", "aac"],
  ["audio/amr", "amr"],
  ["audio/wav", "wav"],
  ["application/pdf", "pdf"],
  ["application/zip", "zip"],
  ["application/msword", "doc"],
  ["application/vnd.ms-excel", "xls"],
  ["application/vnd.ms-powerpoint", "ppt"],
  ["application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"],
  ["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"],
  ["application/vnd.openxmlformats-officedocument.presentationml.presentation", "pptx"],
  ["application/vnd.oasis.opendocument.text", "odt"],
  ["application/vnd.oasis.opendocument.spreadsheet", "ods"],
  ["message/rfc822", "eml"],
  ["text/plain", "txt"],
  ["text/csv", "csv"],
  ["text/vcard", "vcf"],
  ["text/calendar", "ics"],
]);

const EXTENSIONS = new Set(SAFE_EXTENSIONS.values());

/** Extension of an attachment's file: by its media type, else by its name, else `bin`. */
export function safeExtension({
  name,
  mediaType,
}: {
  readonly name: string;
  readonly mediaType: string;
}): string {
  const byType = SAFE_EXTENSIONS.get(mediaType.split(";")[0]?.trim().toLowerCase() ?? "");
  if (byType !== undefined) return byType;
  const byName = /\.([A-Za-z0-9]{1,5})$/.exec(name)?.[1]?.toLowerCase() ?? "";
  return EXTENSIONS.has(byName) ? byName : "bin";
}

/** Path of an attachment below `data/`. */
export function attachmentPath(of: {
  readonly sha256: string;
  readonly name: string;
  readonly mediaType: string;
}): string {
  return `attachments/${of.sha256}.${safeExtension(of)}`;
}
