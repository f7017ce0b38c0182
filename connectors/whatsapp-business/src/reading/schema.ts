import { z } from "zod";

/** An id: Meta writes strings, and what is a number is taken as it is written. */
const id = z.union([z.string(), z.number()]).transform(String);
/** Meta writes both absent and empty for what it does not tell. */
const optionalId = id.nullish().transform((value) => (value === "" || value === null ? undefined : value));
const words = z.string().nullish();

const metadata = z.looseObject({ display_phone_number: optionalId, phone_number_id: optionalId });
type Metadata = z.infer<typeof metadata>;
const read = new WeakMap<object, Metadata | undefined>();

/** Which number a webhook's change is about. All the items of one have the same, which is read once. */
export function metadataOf(value: unknown): Metadata | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (!read.has(value)) read.set(value, metadata.safeParse(value).data);
  return read.get(value);
}

export const contact = z.looseObject({
  profile: z.looseObject({ name: words, username: words }).nullish(),
  wa_id: optionalId,
  user_id: optionalId,
});

export const error = z.looseObject({
  code: id.nullish(),
  title: words,
  message: words,
  error_data: z.looseObject({ details: words }).nullish(),
});
export type MetaError = z.infer<typeof error>;
export const errors = z.array(error).nullish();

const media = z.looseObject({
  id: optionalId,
  mime_type: words,
  sha256: words,
  caption: words,
  filename: words,
});
export type Media = z.infer<typeof media>;
export const MEDIA_TYPES = ["image", "video", "audio", "voice", "document", "sticker"] as const;

/** The objects that are named by a message's type. */
export const content = z.looseObject({
  type: z.string(),
  text: z.looseObject({ body: z.string() }).nullish(),
  image: media.nullish(),
  video: media.nullish(),
  audio: media.nullish(),
  voice: media.nullish(),
  document: media.nullish(),
  sticker: media.nullish(),
  location: z.looseObject({ latitude: id, longitude: id, name: words, address: words, url: words }).nullish(),
  contacts: z
    .array(
      z.looseObject({
        name: z.looseObject({ formatted_name: words }).nullish(),
        phones: z.array(z.looseObject({ phone: words, wa_id: words })).nullish(),
        emails: z.array(z.looseObject({ email: words })).nullish(),
      }),
    )
    .nullish(),
  interactive: z
    .looseObject({
      type: words,
      button_reply: z.looseObject({ id: words, title: words }).nullish(),
      list_reply: z.looseObject({ id: words, title: words, description: words }).nullish(),
      nfm_reply: z.looseObject({ name: words, body: words, response_json: z.unknown().optional() }).nullish(),
    })
    .nullish(),
  button: z.looseObject({ text: words, payload: words }).nullish(),
  order: z
    .looseObject({
      text: words,
      product_items: z
        .array(z.looseObject({ product_retailer_id: id.nullish(), quantity: id.nullish() }))
        .nullish(),
    })
    .nullish(),
  template: z.looseObject({ name: words }).nullish(),
});
export type Content = z.infer<typeof content>;

export const message = content.extend({
  id,
  from: optionalId,
  from_user_id: optionalId,
  to: optionalId,
  to_user_id: optionalId,
  group_id: optionalId,
  timestamp: id.nullish(),
  errors,
  context: z
    .looseObject({
      id: optionalId,
      forwarded: z.boolean().nullish(),
      frequently_forwarded: z.boolean().nullish(),
    })
    .nullish(),
  reaction: z.looseObject({ message_id: id, emoji: words }).nullish(),
  system: z.looseObject({ type: words, body: words, wa_id: optionalId, user_id: optionalId }).nullish(),
  edit: z.looseObject({ original_message_id: id, message: content.nullish() }).nullish(),
  revoke: z.looseObject({ original_message_id: id }).nullish(),
  unsupported: z.looseObject({ type: words }).nullish(),
  history_context: z.looseObject({ from_me: z.boolean().nullish(), status: words }).nullish(),
});
export type Message = z.infer<typeof message>;

export const status = z.looseObject({
  id,
  /** `call` where it is of a call of ours. */
  type: words,
  status: z.string(),
  timestamp: id.nullish(),
  recipient_id: optionalId,
  recipient_user_id: optionalId,
  recipient_type: words,
  recipient_participant_id: optionalId,
  recipient_participant_user_id: optionalId,
  biz_opaque_callback_data: words,
  errors,
});
export type Status = z.infer<typeof status>;
