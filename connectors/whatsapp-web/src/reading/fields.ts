import { z } from "zod";
import type { WebMessage } from "../observation.ts";
import { keyOf, widOf } from "./ids.ts";

const MOST = 2_000;

const words = z.string().nullish().catch(undefined);
const flag = z.boolean().nullish().catch(undefined);
/** WhatsApp Web writes some numbers as text. */
const number = z
  .union([
    z.number(),
    z
      .string()
      .regex(/^-?\d{1,15}(?:\.\d{1,15})?$/)
      .transform(Number),
  ])
  .nullish()
  .catch(undefined);
const wid = z.unknown().optional().transform(widOf);
const key = z.unknown().optional().transform(keyOf);
function listOf<T>(one: z.ZodType<T>): z.ZodType<readonly T[]> {
  return z
    .unknown()
    .optional()
    .transform((value): readonly T[] =>
      Array.isArray(value)
        ? value.slice(0, MOST).flatMap((each): T[] => {
            const { success, data } = one.safeParse(each);
            return success ? [data] : [];
          })
        : [],
    );
}
function objectOf<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.object(shape).nullish().catch(undefined);
}

const wids = listOf(wid.pipe(z.string()));
const button = z.object({ displayText: words, url: words, phoneNumber: words }).nullish().catch(undefined);

/** Of what WhatsApp Web writes of a message: what is read here. A field that is not as it should be is as if it were not there. */
const fields = z.object({
  t: number,
  type: z.string(),
  subtype: words,
  body: words,
  caption: words,
  title: words,
  description: words,
  footer: words,
  from: wid,
  to: wid,
  author: wid,
  // Of files.
  mimetype: words,
  filename: words,
  filehash: words,
  directPath: words,
  mediaKey: words,
  size: number,
  // About the message.
  isForwarded: flag,
  forwardingScore: number,
  quotedStanzaID: words,
  mentionedJidList: wids,
  ephemeralDuration: number,
  ephemeralSettingUser: wid,
  isViewOnce: flag,
  latestEditMsgKey: key,
  latestEditSenderTimestampMs: number,
  protocolMessageKey: key,
  revokeTimestamp: number,
  revokeSender: wid,
  // Of groups, settings and people.
  recipients: wids,
  templateParams: listOf(z.union([z.string(), z.number().transform(String), wid.pipe(z.string())])),
  // Of places.
  lat: number,
  lng: number,
  loc: words,
  clientUrl: words,
  isLive: flag,
  shareDuration: number,
  // Of contacts.
  vcardFormattedName: words,
  vcardList: listOf(z.object({ vcard: words, displayName: words })),
  // Of polls and events.
  pollName: words,
  pollOptions: listOf(z.object({ name: words })),
  pollVotesSnapshot: objectOf({
    pollVotes: listOf(z.object({ optionName: words, optionVoteCount: number })),
  }),
  eventName: words,
  eventDescription: words,
  eventStartTime: number,
  eventEndTime: number,
  eventLocation: objectOf({ name: words, address: words, degreesLatitude: number, degreesLongitude: number }),
  eventJoinLink: words,
  isEventCanceled: flag,
  // Of businesses.
  list: objectOf({
    title: words,
    description: words,
    buttonText: words,
    footerText: words,
    sections: listOf(
      z.object({ title: words, rows: listOf(z.object({ title: words, description: words })) }),
    ),
  }),
  listResponse: objectOf({ title: words, description: words }),
  dynamicReplyButtons: listOf(z.object({ buttonText: objectOf({ displayText: words }) })),
  hydratedButtons: listOf(z.object({ quickReplyButton: button, urlButton: button, callButton: button })),
  interactivePayload: objectOf({
    buttons: listOf(z.object({ name: words, buttonParamsJson: words })),
  }),
  interactiveHeader: objectOf({ title: words, subtitle: words }),
  selectedButtonId: words,
  message: words,
  orderTitle: words,
  itemCount: number,
  totalAmount1000: number,
  totalCurrencyCode: words,
  productId: words,
  retailerId: words,
  url: words,
  currencyCode: words,
  priceAmount1000: number,
  paymentCurrency: words,
  paymentAmount1000: number,
  paymentNoteMsg: objectOf({ body: words }),
  paymentMessageReceiverJid: wid,
  // Of invitations.
  inviteGrpName: words,
  inviteGrp: wid,
  newsletterAdminInviteInfo: objectOf({ newsletterName: words }),
  newsletterFollowerInviteInfo: objectOf({ newsletterName: words }),
  // Of albums and calls.
  expectedImageCount: number,
  expectedVideoCount: number,
  isVideoCall: flag,
  callOutcome: z
    .union([z.string(), z.number().transform(String)])
    .nullish()
    .catch(undefined),
  callDuration: number,
  // Of what is about another message.
  reactionText: words,
  reactionParentKey: key,
  pollUpdateParentKey: key,
  pinParentKey: key,
  pinMessageType: number,
  kicKey: key,
  kicState: number,
  keepType: number,
  futureproofType: words,
});
export type Fields = z.output<typeof fields>;

export function fieldsOf(msg: WebMessage): Fields {
  return fields.parse(msg);
}
