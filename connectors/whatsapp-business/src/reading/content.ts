import { joined, nameOf, textOf } from "./reading.ts";
import { type Content, type Media, MEDIA_TYPES } from "./schema.ts";

/** What a message says, and what has to be fetched for it. Undefined for a type that is not known. */
export interface Said {
  readonly text?: string;
  readonly media?: readonly (Media & { readonly id: string })[];
}

export function saidIn(content: Content): Said | undefined {
  for (const type of MEDIA_TYPES) {
    const media = content.type === type ? content[type] : undefined;
    if (!media) continue;
    const { id, caption } = media;
    return {
      ...(caption !== null && caption !== undefined && { text: textOf(caption) }),
      ...(id !== undefined && { media: [{ ...media, id }] }),
    };
  }
  const text = wordsOf(content);
  return text === undefined ? undefined : { text };
}

function wordsOf(content: Content): string | undefined {
  const { text, location, contacts, interactive, button, order, template } = content;
  switch (content.type) {
    case "text":
      return text ? textOf(text.body) : undefined;
    case "location":
      return location ? `Location: ${placeOf(location)}` : undefined;
    case "contacts":
      return contacts?.map(cardOf).join("\n");
    case "interactive": {
      const { button_reply: pressed, list_reply: chosen, nfm_reply: filled } = interactive ?? {};
      if (pressed) return textOf(pressed.title ?? "");
      if (chosen) return joined([chosen.title, chosen.description]);
      return filled ? joined([filled.body, jsonOf(filled.response_json)], "\n") : undefined;
    }
    case "button":
      return button ? textOf(button.text ?? button.payload ?? "") : undefined;
    case "order": {
      const items = order?.product_items?.map(
        (one) => `${one.quantity ?? "?"} of ${one.product_retailer_id ?? "?"}`,
      );
      return order ? joined([order.text, `Order: ${items?.join(", ") ?? ""}`], "\n") : undefined;
    }
    case "template":
      return template ? `Template: ${nameOf(template.name)}` : undefined;
    default:
      return undefined;
  }
}

function placeOf({ name, address, latitude, longitude, url }: NonNullable<Content["location"]>): string {
  return joined([name, address, `${latitude}, ${longitude}`, url]);
}

function cardOf({ name, phones, emails }: NonNullable<Content["contacts"]>[number]): string {
  const numbers = phones?.map(({ phone, wa_id: id }) => phone ?? id) ?? [];
  return `Contact: ${joined([name?.formatted_name, ...numbers, ...(emails?.map(({ email }) => email) ?? [])])}`;
}

function jsonOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : JSON.stringify(value);
}
