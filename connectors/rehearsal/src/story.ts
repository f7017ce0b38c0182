import type { Event, EventKind } from "@daybook/contract";
import type { accounts, conversations, Who } from "./cast.ts";
import { pierPicture, voiceNote } from "./media.ts";

/** One thing that happens in the rehearsed week. */
export interface Step {
  readonly account: keyof typeof accounts;
  readonly in?: keyof typeof conversations;
  readonly kind: EventKind;
  /** UTC. */
  readonly at: string;
  readonly from?: Who;
  readonly text?: string;
  /** Names this step, for later ones to refer to. */
  readonly as?: string;
  readonly target?: string;
  readonly replyTo?: string;
  readonly expiresAfterSeconds?: number;
  readonly viewOnce?: true;
  readonly attachment?: {
    readonly name: string;
    readonly mediaType: string;
    readonly body: string | (() => Uint8Array);
  };
  /** `about` names a step. */
  readonly gap?: NonNullable<Event["gap"]>;
  readonly coverage?: NonNullable<Event["coverage"]>;
}

const monday = (time: string) => `2026-03-02T${time}:00.000Z`;
const tuesday = (time: string) => `2026-03-03T${time}:00.000Z`;
const wednesday = (time: string) => `2026-03-04T${time}:00.000Z`;
const thursday = (time: string) => `2026-03-05T${time}:00.000Z`;
const friday = (time: string) => `2026-03-06T${time}:00.000Z`;

const group = { account: "ministerWhatsapp", in: "bridge" } as const;
const ferry = { account: "adviserSignal", in: "ferry" } as const;
const aside = { account: "adviserSignal", in: "aside" } as const;
const ines = { account: "secretarySms", in: "ines" } as const;

/** The week, oldest first. */
export const week: readonly Step[] = [
  {
    account: "ministerWhatsapp",
    kind: "coverage",
    at: monday("07:00"),
    coverage: { from: monday("07:00"), to: wednesday("13:10"), state: "live" },
  },
  {
    account: "adviserSignal",
    kind: "coverage",
    at: monday("07:00"),
    coverage: { from: monday("07:00"), to: friday("18:00"), state: "live" },
  },
  {
    ...group,
    kind: "membership",
    at: monday("08:01"),
    from: "secretary",
    text: "Tom Adeyemi added Raj Patel",
  },
  {
    ...group,
    kind: "message",
    at: monday("08:02"),
    from: "secretary",
    text: "Morning all. Daily call on the bridge closure at 08:30, same link as last week.",
    as: "call-link",
  },
  {
    ...group,
    kind: "message",
    at: monday("08:04"),
    from: "minister",
    text: "I'll be five minutes late, start without me.",
    replyTo: "call-link",
  },
  { ...group, kind: "receipt", at: monday("08:05"), from: "press", text: "read", target: "call-link" },
  {
    ...group,
    kind: "message",
    at: monday("08:21"),
    from: "press",
    text: "BBC asking whether the bridge reopens before Easter. Holding line attached.",
    as: "holding-line",
    attachment: {
      name: "holding-line.txt",
      mediaType: "text/plain",
      body: "HOLDING LINE\n\nThe Skerry Bridge stays closed while engineers inspect the north pier. We will say more on Friday.\n",
    },
  },
  { ...group, kind: "reaction", at: monday("08:22"), from: "minister", text: "👍", target: "holding-line" },
  { ...group, kind: "call", at: monday("08:30"), from: "secretary", text: "Group voice call, 24 minutes" },
  {
    ...ines,
    kind: "message",
    at: monday("09:15"),
    from: "harbour",
    text: "Crack gauge on the north pier moved 2 mm overnight. I would keep lorries off until Thursday's dive.",
    as: "crack",
  },
  {
    ...ines,
    kind: "message",
    at: monday("09:17"),
    from: "secretary",
    text: "Thank you. Can you put that in writing to the duty inbox as well?",
    replyTo: "crack",
  },
  {
    ...ferry,
    kind: "timer",
    at: monday("10:00"),
    from: "contractor",
    text: "Disappearing messages: 1 week",
    expiresAfterSeconds: 604_800,
  },
  {
    ...ferry,
    kind: "message",
    at: monday("10:02"),
    from: "contractor",
    text: "We can have a relief ferry by the weekend. Price per sailing is £4,150 if you sign this week.",
    as: "price",
    expiresAfterSeconds: 604_800,
  },
  {
    ...ferry,
    kind: "message",
    at: monday("10:09"),
    from: "adviser",
    text: "Send me the terms and I will get them in front of the Minister today.",
    expiresAfterSeconds: 604_800,
  },
  {
    ...ferry,
    kind: "message",
    at: monday("10:31"),
    from: "contractor",
    text: "Draft terms attached.",
    expiresAfterSeconds: 604_800,
    attachment: {
      name: "relief-ferry-terms.csv",
      mediaType: "text/csv",
      body: "item,unit,price_gbp\nrelief sailing,each,4150\nstandby crew,day,1900\nfuel surcharge,percent,6\n",
    },
  },
  {
    ...aside,
    kind: "message",
    at: monday("11:05"),
    from: "adviser",
    text: "Northpier want a signature this week. £4,150 a sailing, no tender.",
    as: "no-tender",
  },
  {
    ...aside,
    kind: "message",
    at: monday("11:20"),
    from: "minister",
    text: "Not without procurement. Ask Tom for the emergency route.",
    replyTo: "no-tender",
  },
  {
    ...group,
    kind: "message",
    at: tuesday("07:58"),
    from: "minister",
    text: "Papers for the bridge committee look thin. Where is the traffic survey?",
    as: "survey",
  },
  {
    ...group,
    kind: "edit",
    at: tuesday("07:59"),
    from: "minister",
    text: "Papers for the bridge committee look thin. Where is the traffic survey, and who signed it off?",
    target: "survey",
  },
  {
    ...group,
    kind: "message",
    at: tuesday("08:11"),
    from: "press",
    text: "Forget the survey, nobody reads it.",
    as: "regret",
  },
  { ...group, kind: "delete", at: tuesday("08:12"), from: "press", target: "regret" },
  {
    ...ines,
    kind: "message",
    at: tuesday("12:40"),
    from: "harbour",
    text: "Dive moved to Wednesday 06:00, weather window.",
  },
  {
    ...ferry,
    kind: "message",
    at: tuesday("15:30"),
    from: "contractor",
    text: "Photo of the berth, one look only.",
    viewOnce: true,
    as: "berth",
  },
  {
    account: "adviserSignal",
    in: "ferry",
    kind: "gap",
    at: tuesday("15:30"),
    gap: {
      from: tuesday("15:30"),
      why: "view-once media is not offered to linked devices",
      about: "berth",
    },
  },
  {
    ...ines,
    kind: "message",
    at: wednesday("08:45"),
    from: "harbour",
    text: "Divers found no movement below the waterline. Report tonight.",
    as: "divers",
  },
  {
    ...group,
    kind: "message",
    at: wednesday("09:00"),
    from: "secretary",
    text: "Divers: no movement below the waterline. Full report tonight, committee tomorrow at ten.",
    attachment: { name: "north-pier.png", mediaType: "image/png", body: pierPicture },
  },
  {
    account: "ministerWhatsapp",
    kind: "coverage",
    at: wednesday("13:10"),
    coverage: { from: wednesday("13:10"), to: wednesday("15:40"), state: "down" },
  },
  {
    account: "ministerWhatsapp",
    kind: "gap",
    at: wednesday("15:40"),
    gap: {
      from: wednesday("13:10"),
      to: wednesday("15:40"),
      why: "the link to WhatsApp was down: phone without power",
      about: "all conversations",
    },
  },
  {
    account: "ministerWhatsapp",
    kind: "coverage",
    at: wednesday("15:40"),
    coverage: { from: wednesday("15:40"), to: friday("18:00"), state: "live" },
  },
  {
    ...group,
    kind: "identity",
    at: wednesday("15:41"),
    from: "minister",
    text: "Morag Sutherland's security code changed",
  },
  {
    ...group,
    kind: "message",
    at: wednesday("15:44"),
    from: "minister",
    text: "Back. New phone. What did I miss?",
    attachment: { name: "voice-note.wav", mediaType: "audio/wav", body: voiceNote },
  },
  {
    ...ferry,
    kind: "message",
    at: wednesday("17:00"),
    from: "contractor",
    text: "We need an answer by noon tomorrow or the vessel goes to Orkney.",
    as: "deadline",
    expiresAfterSeconds: 604_800,
  },
  { ...ferry, kind: "delete", at: wednesday("17:03"), from: "contractor", target: "deadline" },
  {
    ...aside,
    kind: "message",
    at: thursday("09:10"),
    from: "adviser",
    text: "Tom says the emergency route takes three days with two quotes.",
  },
  {
    ...aside,
    kind: "message",
    at: thursday("09:12"),
    from: "minister",
    text: "Then get two quotes. No verbal promises to anyone.",
  },
  {
    ...group,
    kind: "message",
    at: thursday("11:30"),
    from: "secretary",
    text: "Committee agreed: cars from Saturday, lorries after the second survey.",
    as: "agreed",
  },
  { ...group, kind: "reaction", at: thursday("11:31"), from: "press", text: "🎉", target: "agreed" },
  {
    ...ines,
    kind: "message",
    at: thursday("16:05"),
    from: "secretary",
    text: "Cars from Saturday, lorries to wait. Can you staff the barrier?",
  },
  {
    ...ines,
    kind: "message",
    at: thursday("16:20"),
    from: "harbour",
    text: "Yes, two on each side from 05:30.",
  },
  {
    ...group,
    kind: "message",
    at: friday("16:00"),
    from: "press",
    text: "Statement going out at 17:00. Last look please.",
    attachment: {
      name: "statement-final.txt",
      mediaType: "text/plain",
      body: "The Skerry Bridge reopens to cars on Saturday at 06:00. Lorries will wait for a second survey of the north pier.\n",
    },
  },
  {
    ...group,
    kind: "message",
    at: friday("16:12"),
    from: "minister",
    text: "Good. Thank Captain Duarte and the divers by name.",
  },
  {
    account: "secretarySms",
    kind: "notice",
    at: friday("17:00"),
    text: "Retention notice: messages on this number are kept by the department.",
  },
];
