import type { Outbound } from "@daybook/contract";
import type { ApprovedTemplate } from "../options.ts";
import type { KnownConversation } from "../reading/people.ts";

/** Meta lets one answer freely for so long after what somebody wrote. */
export const WINDOW_MS = 24 * 3_600_000;
const MAX_TEXT = 4_096;
const MAX_TEMPLATE_TEXT = 1_024;

/** What is sent to Meta, as JSON. */
export function requestFor(
  { id, text, conversation: address }: Outbound,
  conversation: KnownConversation,
  { template, now }: { template: ApprovedTemplate | undefined; now: number },
): { readonly body: string } | "needs-template" | "too-long" {
  const isOpen = now - (conversation.lastInboundAt ?? -Infinity) < WINDOW_MS;
  if (!isOpen && !template) return "needs-template";
  if (isOpen ? text.length > MAX_TEXT : !fitsTemplate(text)) return "too-long";
  const what =
    isOpen || !template
      ? { type: "text", text: { preview_url: false, body: text } }
      : {
          type: "template",
          template: {
            name: template.name,
            language: { code: template.language },
            components: [{ type: "body", parameters: [{ type: "text", text }] }],
          },
        };
  return {
    body: JSON.stringify({
      messaging_product: "whatsapp",
      ...addressOf(conversation, address),
      ...what,
      biz_opaque_callback_data: id,
    }),
  };
}

/** Meta refuses variables with line ends, tabs or more than four spaces. */
function fitsTemplate(text: string): boolean {
  return text.length <= MAX_TEMPLATE_TEXT && !/[\n\r\t]| {5}/.test(text);
}

function addressOf({ kind, phone, user }: KnownConversation, groupId: string) {
  if (kind === "group") return { recipient_type: "group", to: groupId };
  return { recipient_type: "individual", ...(phone === undefined ? { recipient: user } : { to: phone }) };
}
