import type { AttachmentRef } from "@daybook/contract";

/** What a search can ask of attachments: that there is any, or one of a type. */
export const MEDIA_TYPES = ["any", "image", "audio", "video", "document"] as const;

export type MediaType = (typeof MEDIA_TYPES)[number];

/** `any`, and each type that there is one of, by what the source calls them: everything else is a document. */
export function mediaTypesOf(attachments: readonly Pick<AttachmentRef, "mediaType">[]): MediaType[] {
  if (attachments.length === 0) return [];
  const types = attachments.map(({ mediaType }) => {
    const type = mediaType.toLowerCase().split("/")[0];
    return type === "image" || type === "audio" || type === "video" ? type : "document";
  });
  return ["any", ...new Set(types)];
}
