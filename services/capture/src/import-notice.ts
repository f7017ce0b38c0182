import { createHash } from "node:crypto";
import type { Captured, Event, Network, Party, SealedAttachment } from "@daybook/contract";
import { z } from "zod";
import type { Upload } from "./upload.ts";

/** How one chat of a file was read, and where it belongs. */
export const chatReading = z.strictObject({
  conversation: z.string().max(512),
  title: z.string(),
  order: z.enum(["dmy", "mdy", "ymd"]),
  ambiguous: z.boolean(),
});
export type ChatReading = z.infer<typeof chatReading>;

/** The `raw` of an imported file's notice, as JSON: what capture needs to learn the file again. */
export const importedFile = z.strictObject({
  v: z.literal(1),
  name: z.string(),
  suppliedBy: z.string(),
  chats: z.array(chatReading),
});

const LEFT_OUT = "(left out with a chat of the file)";

/** The record of the imported file itself: who supplied it, its digest, how it was read; with the file, sealed. */
export function importNotice(of: {
  upload: Upload;
  request: { name: string; actor: string };
  custodian: Party;
  account: string;
  /** What tells the file from others. */
  identity: string;
  /** Without it where scope leaves out a chat of the file: then the file itself is not kept. */
  file: SealedAttachment | undefined;
  readings: readonly ChatReading[];
  network: Network;
  connector: Event["connector"];
}): Captured {
  const { upload, request, custodian, account, identity, file, readings, network, connector } = of;
  const raw: z.infer<typeof importedFile> = {
    v: 1,
    // The name of a file may name a chat.
    name: file ? request.name.toWellFormed() : LEFT_OUT,
    suppliedBy: request.actor,
    chats: readings.map((one) => ({ ...one, title: one.title.toWellFormed() })),
  };
  return {
    eventId: `${file ? "file" : "file-left-out"}:${createHash("sha256").update(`${custodian.id}\n${identity}`).digest("hex")}`,
    stableDigest: upload.sha256,
    ...(file && { attachments: [file] }),
    event: {
      v: 1,
      kind: "notice",
      network,
      method: "export",
      provenance: "supplied",
      account,
      custodian,
      text: `Imported file of ${upload.sizeBytes} bytes, SHA-256 ${upload.sha256}, supplied by ${request.actor}`,
      raw: Buffer.from(JSON.stringify(raw)).toString("base64"),
      source: { sha256: upload.sha256, line: 1, offsetBytes: 0 },
      connector,
    },
  };
}
