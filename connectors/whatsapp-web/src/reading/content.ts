import type { Fields } from "./fields.ts";
import { userOf } from "./ids.ts";
import type { People } from "./people.ts";
import { cut, given, instantOf, joined, type MediaWanted, nameOf } from "./reading.ts";
import { bodyOf } from "./stable.ts";
import { cardOf } from "./card.ts";
import { buttonsOf, listOf, orderOf, paymentOf, productOf } from "./commerce.ts";

type Words = (fields: Fields) => string | undefined;

const own: Words = bodyOf;

/** What the kinds of message say that people send one another. */
const WORDS: Readonly<Record<string, Words>> = {
  chat: own,
  oversized: own,
  comment: own,
  status: own,
  rich_response: own,
  automated_greeting_message: own,
  newsletter_question_response: own,
  image: own,
  video: own,
  ptv: own,
  gif: own,
  audio: own,
  ptt: own,
  document: own,
  sticker: own,
  "sticker-pack": own,
  music: own,
  album: ({ expectedImageCount: images, expectedVideoCount: videos, caption }) =>
    joined([
      `Album: ${joined([counted(images, "image"), counted(videos, "video")]) || "images and videos"}`,
      caption,
    ]),
  location: ({ isLive, shareDuration, loc, lat, lng, clientUrl, caption }) =>
    joined(
      [
        `${isLive || shareDuration ? "Live location" : "Location"}: ${joined([
          ...(loc ?? "").split("\n"),
          lat !== null && lat !== undefined && `${lat}, ${lng ?? "?"}`,
          clientUrl,
        ])}`,
        caption,
      ],
      "\n",
    ),
  vcard: ({ body, vcardFormattedName }) => cardOf(body, vcardFormattedName),
  multi_vcard: ({ vcardList }) =>
    joined(
      vcardList.map(({ vcard, displayName }) => cardOf(vcard, displayName)),
      "\n",
    ) || "Contacts",
  poll_creation: ({ pollName, pollOptions }) =>
    joined([pollName, ...pollOptions.map(({ name }) => `- ${name ?? ""}`)], "\n") || "Poll",
  poll_result_snapshot: ({ pollName, pollVotesSnapshot }) =>
    joined(
      [
        pollName,
        ...(pollVotesSnapshot?.pollVotes ?? []).map(
          ({ optionName, optionVoteCount: votes }) => `- ${optionName ?? ""}: ${votes ?? "?"}`,
        ),
      ],
      "\n",
    ) || "Results of a poll",
  event_creation: eventOf,
  scheduled_event_creation: eventOf,
  sharable_event_invite: eventOf,
  groups_v4_invite: ({ inviteGrpName, inviteGrp, caption }) =>
    joined([`Invitation to the group ${nameOf(inviteGrpName) || (inviteGrp ?? "")}`.trim(), caption], "\n"),
  newsletter_admin_invite: ({ newsletterAdminInviteInfo: info, caption }) =>
    joined([`Invitation to run the channel ${nameOf(info?.newsletterName)}`.trim(), caption], "\n"),
  newsletter_follower_invite: ({ newsletterFollowerInviteInfo: info, caption }) =>
    joined([`Invitation to the channel ${nameOf(info?.newsletterName)}`.trim(), caption], "\n"),
  list: listOf,
  list_response: (fields) =>
    own(fields) || joined([fields.listResponse?.title, fields.listResponse?.description]),
  buttons_response: (fields) => own(fields) || joined([fields.selectedButtonId]),
  template_button_reply: (fields) => own(fields) || joined([fields.selectedButtonId]),
  interactive_response: own,
  hsm: buttonsOf,
  buttons: buttonsOf,
  template: buttonsOf,
  interactive: buttonsOf,
  native_flow: buttonsOf,
  product: productOf,
  order: orderOf,
  payment: paymentOf,
};

function counted(count: number | null | undefined, what: string): string | undefined {
  return count ? `${count} ${what}${count === 1 ? "" : "s"}` : undefined;
}

function eventOf(fields: Fields): string {
  const { eventName, eventDescription, eventLocation: place, eventJoinLink, isEventCanceled } = fields;
  const [from, to] = [fields.eventStartTime, fields.eventEndTime].map((at) =>
    instantOf(at && (at < 1e11 ? at * 1_000 : at)),
  );
  return joined([
    `Event${isEventCanceled ? " called off" : ""}: ${nameOf(eventName)}`,
    from && `from ${from}`,
    to && `to ${to}`,
    place?.name,
    place?.address,
    eventDescription,
    eventJoinLink,
  ]);
}

/** What a message of people says; undefined for a kind that is none of theirs or not known. */
export function wordsOf(fields: Fields, people: People): { readonly text?: string } | undefined {
  if (!Object.hasOwn(WORDS, fields.type)) return undefined;
  const text = WORDS[fields.type]?.(fields);
  return text ? { text: withNames(text, fields, people) } : {};
}

/** A body has people's numbers where they are mentioned: names, where they are known, as the phone shows them. */
export function withNames(
  text: string,
  { mentionedJidList: mentioned }: Pick<Fields, "mentionedJidList">,
  people: People,
): string {
  if (mentioned.length === 0) return cut(text);
  const users = new Set(mentioned.map(userOf));
  return cut(
    text.replace(/@(\d{1,32})/g, (as, user: string) => {
      const name = users.has(user) ? people.mentioned(user) : undefined;
      return name ? `@${name}` : as;
    }),
  );
}

/** Names for files that have none. */
const FILES: Readonly<Record<string, string>> = {
  ptt: "voice-message",
  ptv: "video-message",
  image: "image",
  video: "video",
  gif: "gif",
  audio: "audio",
  document: "document",
  sticker: "sticker",
};

/** The file of a message, where it has one. */
export function mediaOf(id: string, fields: Fields): MediaWanted | undefined {
  const { type, directPath, mediaKey, filehash, filename, mimetype, size } = fields;
  if (type === "revoked" || !(directPath || (mediaKey && filehash))) return undefined;
  const hash = Buffer.from(filehash ?? "", "base64");
  const fallback = Object.hasOwn(FILES, type) ? FILES[type] : undefined;
  return {
    id,
    name: nameOf(filename) || (fallback ?? "attachment"),
    mediaType: nameOf(mimetype).slice(0, 255) || "application/octet-stream",
    ...given("sizeBytes", Number.isSafeInteger(size) && (size ?? -1) >= 0 ? (size ?? 0) : undefined),
    ...given("sha256", hash.length === 32 ? hash.toString("hex") : undefined),
  };
}
