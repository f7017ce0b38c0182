import type { OpenedMedium } from "../page-port.ts";
import { type Collections, load, type MessageModel } from "./whatsapp.ts";

/** Media that are had, until they are closed. Blobs, which the browser keeps outside the page's memory. */
const open = new Map<string, Blob>();

/** Gets and decrypts a message's medium, to be read in slices. */
export async function openMedia(id: string, mostBytes: number): Promise<OpenedMedium> {
  const { Msg } = load<Collections>("WAWebCollections");
  const msg = Msg.get(id) ?? (await Msg.getMessagesById([id]))?.messages?.[0];
  if (!msg) return { state: "later", why: "the page does not have its message" };
  if (msg.directPath === undefined) return { state: "later", why: "it is not uploaded yet" };
  const stage = await stageOf(msg);
  if (stage !== undefined) return { state: "later", why: `WhatsApp says ${stage}` };
  const { downloadManager } = load<{
    downloadManager: { downloadAndMaybeDecrypt(of: object): Promise<BlobPart> };
  }>("WAWebDownloadManager");
  try {
    const { directPath, encFilehash, filehash, mediaKey, mediaKeyTimestamp, type } = msg;
    const bytes = await downloadManager.downloadAndMaybeDecrypt({
      ...{ directPath, encFilehash, filehash, mediaKey, mediaKeyTimestamp, type },
      signal: new AbortController().signal,
      downloadQpl: deaf,
    });
    const blob = new Blob([bytes]);
    if (blob.size > mostBytes) return { state: "never", why: "it is larger than is taken" };
    open.set(id, blob);
    return { state: "had", sizeBytes: blob.size };
  } catch (error) {
    const status = (error as { status?: unknown } | null)?.status;
    return {
      state: "later",
      why: typeof status === "number" ? `WhatsApp answered ${status}` : "it does not decrypt",
    };
  }
}

/** @returns base64 */
export async function sliceOfMedia(id: string, from: number, bytes: number): Promise<string> {
  const blob = open.get(id);
  if (!blob) throw new RangeError("this medium is not open");
  const reader = new FileReader();
  const read = new Promise<string>((resolve, reject) => {
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(reader.error ?? new Error("not read"));
  });
  reader.readAsDataURL(blob.slice(from, from + bytes));
  const url = await read;
  return url.slice(url.indexOf(",") + 1);
}

export function closeMedia(id: string): void {
  open.delete(id);
}

/** @returns what stands in the way, by WhatsApp's own word */
async function stageOf(msg: MessageModel): Promise<string | undefined> {
  const now = () => msg.mediaData?.mediaStage ?? "nothing of it";
  if (now() === "REUPLOADING") return "REUPLOADING";
  if (now() !== "RESOLVED") await msg.downloadMedia({ downloadEvenIfExpensive: true, rmrReason: 1 });
  return now().includes("ERROR") || now() === "FETCHING" || now() === "REUPLOADING"
    ? now().slice(0, 64)
    : undefined;
}

/** Where WhatsApp would note how long it took. */
const deaf = {
  addAnnotations: () => deaf,
  addPoint: () => deaf,
};
