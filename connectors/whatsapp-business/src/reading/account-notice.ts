import { z } from "zod";
import type { Item } from "../webhook/items.ts";
import { instantOf, joined, nameOf, type Reading } from "./reading.ts";

const words = z.union([z.string(), z.number()]).nullish().catch(undefined);
const alert = {
  alert_severity: words,
  alert_status: words,
  alert_type: words,
  alert_description: words,
};

/** Of what Meta says of an account, whatever the field, what is read. */
export const accountNotice = z.looseObject({
  event: words,
  display_phone_number: words,
  current_limit: words,
  max_daily_conversations_per_business: words,
  decision: words,
  message_template_name: words,
  message_template_language: words,
  new_quality_score: words,
  reason: words,
  entity_type: words,
  entity_id: words,
  ...alert,
  alert_info: z.looseObject(alert).nullish().catch(undefined),
  ban_info: z.looseObject({ waba_ban_state: words, waba_ban_date: words }).nullish().catch(undefined),
  restriction_info: z
    .array(z.looseObject({ restriction_type: words, expiration: words }))
    .nullish()
    .catch(undefined),
  violation_info: z.looseObject({ violation_type: words }).nullish().catch(undefined),
  disconnection_info: z.looseObject({ reason: words, initiated_by: words }).nullish().catch(undefined),
  other_info: z.looseObject({ title: words, description: words }).nullish().catch(undefined),
});
export type AccountNotice = z.infer<typeof accountNotice>;

/** Fields by which Meta tells that a link does not work as it did. */
const HEALTH = new Set(["account_update", "account_alerts", "account_review_update", "security"]);
const HEALTH_FIELD = /^(phone_number_|business_capability_|message_template_)/;

/** What Meta tells of the account itself, or what this version does not know: never dropped. */
export function readAccountNotice(item: Item): Reading {
  const said = accountNotice.safeParse(item.value).data;
  const info = said?.alert_info ?? said;
  const parts = [
    said?.event,
    said?.decision,
    said?.current_limit ?? said?.max_daily_conversations_per_business,
    said?.message_template_name,
    said?.message_template_language,
    said?.new_quality_score,
    said?.reason,
    said?.other_info?.description,
    info?.alert_severity,
    info?.alert_type,
    info?.alert_description,
    said?.ban_info?.waba_ban_state,
    ...(said?.restriction_info?.map((one) => one.restriction_type) ?? []),
    said?.violation_info?.violation_type,
    said?.disconnection_info?.reason,
  ].map((part) => (part === null || part === undefined ? undefined : String(part)));
  const what = nameOf(item.field).slice(0, 100);
  const sentAt = instantOf(item.entryTime);
  return {
    kind: "notice",
    text: isHealth(item)
      ? `WhatsApp says of the account: ${joined([what, ...parts]).slice(0, 4_000)}`
      : `WhatsApp says what this version cannot read: ${joined([what, item.list])}`,
    ...(sentAt !== undefined && { sentAt }),
  };
}

/** Whether it says how the account stands. */
export function isHealth({ field, list }: Item): boolean {
  return list === undefined && (HEALTH.has(field) || HEALTH_FIELD.test(field));
}
