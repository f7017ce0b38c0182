import type { BodyRange, DataMessage, DataMessage_Contact } from "../protocol/gen/data_pb.ts";
import { serviceIdText } from "../protocol/service-id.ts";
import type { People } from "./people.ts";
import { cut } from "./reading.ts";

/** Stands in a body where somebody is mentioned. */
const PLACEHOLDER = "\ufffc";
const MAX_TEXT = 1024 * 1024;

/** A message's words, with its mentions as names; undefined for one without any. */
export function textOf(data: DataMessage, people: People): string | undefined {
  const parts = [
    data.body ? withMentions(data.body, data.bodyRanges, people) : undefined,
    data.sticker && !data.body ? data.sticker.emoji : undefined,
    ...data.contact.map(contactText),
    data.pollCreate &&
      [data.pollCreate.question ?? "", ...data.pollCreate.options.map((o) => `- ${o}`)].join("\n"),
    data.payment?.item.case === "notification"
      ? `Payment: ${data.payment.item.value.note ?? ""}`.trim()
      : undefined,
    data.payment?.item.case === "activation" ? "Payments were set up" : undefined,
    data.giftBadge ? "Badge sent" : undefined,
  ].filter((part) => part !== undefined && part !== "");
  return parts.length === 0 ? undefined : cut(parts.join("\n"), MAX_TEXT);
}

/** Positions count UTF-16 units, from the body's start. */
export function withMentions(body: string, ranges: readonly BodyRange[], people: People): string {
  let text = "";
  let done = 0;
  const mentions = ranges
    .flatMap(({ start = 0, length = 0, associatedValue: { case: kind, value } }) => {
      const who =
        kind === "mentionAciBinary"
          ? serviceIdText(value)
          : kind === "mentionAci"
            ? serviceIdText(undefined, value)
            : undefined;
      return who === undefined ? [] : [{ start, length, who }];
    })
    .sort((a, b) => a.start - b.start);
  for (const { start, length, who } of mentions) {
    if (start < done || body.slice(start, start + length) !== PLACEHOLDER) continue;
    text += `${body.slice(done, start)}@${people.party(who).name}`;
    done = start + length;
  }
  return text + body.slice(done);
}

function contactText({ name, number, email, organization }: DataMessage_Contact): string {
  const called =
    name?.nickname ?? [name?.givenName, name?.middleName, name?.familyName].filter(Boolean).join(" ");
  const values = [...number, ...email].flatMap(({ value }) => (value ? [value] : []));
  return ["Contact:", called, organization, ...values].filter(Boolean).join(" ");
}
