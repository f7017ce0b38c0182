import { type ChatModel, type Collections, load, type MessageModel, textOf, type Wid } from "./whatsapp.ts";

const MOST_PEOPLE = 2_048;

/** Where something happened, and with whom, as the page knows them now. */
export interface About {
  readonly at: number;
  readonly chat?: { id: string; title: string; kind: string; members?: readonly string[] };
  readonly people?: readonly { id: string; name: string; number?: string }[];
}

const KINDS: Readonly<Record<string, string>> = {
  "c.us": "direct",
  lid: "direct",
  "g.us": "group",
  newsletter: "channel",
};

export function aboutChat(id: Wid | string, people: readonly (Wid | string | undefined)[] = []): About {
  const chat = textOf(id);
  const model = load<Collections>("WAWebCollections").Chat.get(chat);
  const members = membersOf(model);
  return {
    at: Date.now(),
    chat: {
      id: chat,
      title: titleOf(model),
      kind: KINDS[chat.slice(chat.lastIndexOf("@") + 1)] ?? "unknown",
      ...(members.length > 0 && { members: members.map(textOf) }),
    },
    people: peopleOf([...people, ...members]),
  };
}

export function aboutMessage(msg: MessageModel): About {
  const people = [msg.author, msg.from, msg.to, ...(msg.recipients ?? [])];
  return aboutChat(msg.id.remote, people);
}

/** Of a group, as far as they are loaded. */
function membersOf(chat: ChatModel | undefined): Wid[] {
  const members = chat?.groupMetadata?.participants?.getModelsArray() ?? [];
  return members.slice(0, MOST_PEOPLE).map(({ id }) => id);
}

export function titleOf(chat: ChatModel | undefined): string {
  return (chat?.formattedTitle ?? chat?.name ?? "").slice(0, 2_048);
}

function peopleOf(people: readonly (Wid | string | undefined)[]): NonNullable<About["people"]> {
  const known = new Map<string, { id: string; name: string; number?: string }>();
  for (const one of people.slice(0, MOST_PEOPLE)) {
    if (!one) continue;
    const id = textOf(one);
    if (known.has(id) || id.endsWith("@g.us")) continue;
    const number = numberOf(one);
    known.set(id, { id, name: nameOf(id), ...(number !== undefined && { number }) });
  }
  return [...known.values()];
}

function nameOf(id: string): string {
  const contact = load<Collections>("WAWebCollections").Contact.get(id);
  return (contact?.name ?? contact?.verifiedName ?? contact?.pushname ?? "").slice(0, 2_048);
}

/** The phone number, where WhatsApp has told it to this account. */
function numberOf(id: Wid | string): string | undefined {
  const wid = textOf(id);
  if (wid.endsWith("@c.us")) return wid.slice(0, wid.indexOf("@")).slice(0, 64);
  if (!wid.endsWith("@lid")) return undefined;
  try {
    const { getPhoneNumber } = load<{ readonly getPhoneNumber: (wid: Wid) => Wid | undefined }>(
      "WAWebApiContact",
    );
    const { createWid } = load<{ readonly createWid: (id: string) => Wid }>("WAWebWidFactory");
    return getPhoneNumber(createWid(wid))?.user.slice(0, 64);
  } catch {
    return undefined;
  }
}
