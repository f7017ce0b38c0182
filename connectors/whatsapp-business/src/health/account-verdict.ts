import { z } from "zod";
import type { ApprovedTemplate } from "../options.ts";
import { type AccountNotice, accountNotice } from "../reading/account-notice.ts";
import type { Item } from "../webhook/items.ts";
import { type Concern, type ConcernStatus, NOTHING, type Verdict } from "./concern.ts";

const DAY_MS = 86_400_000;

type Judge = (said: AccountNotice, of: { at: number; template: ApprovedTemplate | undefined }) => Verdict;

/**
 * What a webhook about an account means for whoever has to see to it; nothing for what needs nobody.
 *
 * @see Meta, "Webhooks": account_update, account_alerts, account_review_update, phone_number_quality_update,
 * phone_number_name_update, security, message_template_status_update, message_template_quality_update
 */
export function accountVerdict(
  item: Item,
  of: { now: number; template: ApprovedTemplate | undefined },
): Verdict {
  const judge = item.list === undefined ? JUDGES[item.field] : undefined;
  const said = judge && accountNotice.safeParse(item.value).data;
  if (!judge || !said) return NOTHING;
  const seconds = Number(item.entryTime);
  // A clock that runs ahead must not outlast what comes later.
  const at = seconds > 0 ? Math.min(seconds * 1_000, of.now) : of.now;
  return judge(said, { at, template: of.template });
}

const JUDGES: Readonly<Record<string, Judge>> = {
  account_update: judgeAccount,
  account_alerts(said, { at }) {
    const info = said.alert_info ?? said;
    const severity = word(info.alert_severity);
    if (word(info.alert_status) === "NONE") return { raise: [], settle: ["account-alert"] };
    if (severity !== "WARNING" && severity !== "CRITICAL") return NOTHING;
    const words = `Meta warns of the account (${word(info.alert_type)}): its notice on record says what to do`;
    return raise("account-alert", words, at, { until: at + 30 * DAY_MS });
  },
  account_review_update(said, { at }) {
    if (word(said.decision) !== "REJECTED") return settleIf(said.decision, "APPROVED", "review-rejected");
    return raise("review-rejected", "Meta's review rejected the business account: ask for another", at);
  },
  phone_number_quality_update(said, { at }) {
    const event = word(said.event);
    if (event === "FLAGGED") return raise("quality-low", QUALITY_LOW, at);
    if (event === "DOWNGRADE") return raise("limit-lowered", LIMIT_LOWERED, at, { until: at + 30 * DAY_MS });
    const isBetter = event === "UNFLAGGED" || event === "UPGRADE";
    return isBetter ? { raise: [], settle: ["quality-low", "limit-lowered"] } : NOTHING;
  },
  phone_number_name_update(said, { at }) {
    if (word(said.decision) !== "REJECTED") return settleIf(said.decision, "APPROVED", "name-rejected");
    return raise("name-rejected", "Meta rejected the number's display name: choose another", at);
  },
  security(said, { at }) {
    if (!word(said.event).startsWith("PIN_")) return NOTHING;
    const words =
      "somebody changed the number's PIN at Meta, or asked to turn it off: find out who, and set it again if it was nobody of yours";
    return raise("pin-changed", words, at, { until: at + 7 * DAY_MS });
  },
  message_template_status_update(said, { at, template }) {
    if (!isOurs(said, template)) return NOTHING;
    const event = word(said.event);
    if (STOPPED.has(event)) {
      const words = `the approved template is ${event.toLowerCase().replaceAll("_", " ")} at Meta: after 24 hours nothing can be answered until there is one`;
      return raise("template-stopped", words, at);
    }
    if (event === "FLAGGED") return raise("template-at-risk", TEMPLATE_AT_RISK, at);
    const isBack = ["APPROVED", "REINSTATED", "UNARCHIVED"].includes(event);
    return isBack ? { raise: [], settle: ["template-stopped", "template-at-risk"] } : NOTHING;
  },
  message_template_quality_update(said, { at, template }) {
    if (!isOurs(said, template)) return NOTHING;
    const score = word(said.new_quality_score);
    if (score === "RED") return raise("template-at-risk", TEMPLATE_AT_RISK, at);
    return ["GREEN", "YELLOW"].includes(score) ? { raise: [], settle: ["template-at-risk"] } : NOTHING;
  },
};

export const QUALITY_LOW =
  "people block or report what the number sends: send less and to those who asked, or Meta limits it";
const LIMIT_LOWERED = "Meta lowered how many people the number may write to first in a day";
const TEMPLATE_AT_RISK = "people block or report the approved template: Meta may stop it";
const STOPPED = new Set(["PAUSED", "DISABLED", "REJECTED", "ARCHIVED", "DELETED", "PENDING_DELETION"]);
const RESTRICTIONS = ["restricted", "sending-restricted", "account-restricted"];

function judgeAccount(said: AccountNotice, { at }: { at: number }): Verdict {
  switch (word(said.event)) {
    case "DISABLED_UPDATE":
      return judgeBan(said, at);
    case "ACCOUNT_RESTRICTION":
      return judgeRestrictions(said, at);
    case "ACCOUNT_VIOLATION":
      return raise(
        "violation",
        `Meta says that its rules were broken (${word(said.violation_info?.violation_type)}): read its notice in Business Support Home, or the account may be banned`,
        at,
        { until: at + 30 * DAY_MS },
      );
    case "ACCOUNT_DELETED":
      return raise("removed", "the business account was deleted at Meta: nothing comes any more", at, {
        status: "removed",
      });
    case "PARTNER_REMOVED":
    case "PARTNER_APP_UNINSTALLED":
    case "ACCOUNT_OFFBOARDED":
      return raise(
        "removed",
        "the account was taken from Daybook's app at Meta (its notice on record says how): nothing comes until it is joined to it again",
        at,
        { status: "removed" },
      );
    case "PARTNER_ADDED":
    case "PARTNER_APP_INSTALLED":
    case "ACCOUNT_RECONNECTED":
      return { raise: [], settle: ["removed"] };
    default:
      return NOTHING;
  }
}

function judgeBan({ ban_info: ban }: AccountNotice, at: number): Verdict {
  const state = word(ban?.waba_ban_state);
  if (state === "REINSTATE") return { raise: [], settle: ["banned", "ban-scheduled"] };
  if (state === "SCHEDULE_FOR_DISABLE") {
    const words = `Meta will ban the business account (${String(ban?.waba_ban_date ?? "no date").slice(0, 40)}): appeal in Business Support Home`;
    return raise("ban-scheduled", words, at);
  }
  const words =
    "Meta banned the business account: nothing comes or goes. Appeal in Business Support Home, and tell officials to use another way";
  return raise("banned", words, at, { status: "banned" });
}

/** All that there are: those of before are over. */
function judgeRestrictions({ restriction_info: list }: AccountNotice, at: number): Verdict {
  const raised = new Map<string, Concern>();
  for (const { restriction_type: type, expiration } of list ?? []) {
    const until = Date.parse(String(expiration ?? "").replace(/([+-]\d\d)(\d\d)$/, "$1:$2"));
    const what = RESTRICTION[word(type)] ?? {
      code: "account-restricted",
      words: `Meta restricted the account (${word(type)}): look in Business Support Home`,
      status: "needs-attention" as const,
    };
    raised.set(what.code, { ...what, since: at, ...(!Number.isNaN(until) && { until }) });
  }
  return { raise: [...raised.values()], settle: RESTRICTIONS.filter((code) => !raised.has(code)) };
}

const RESTRICTION: Readonly<Record<string, Pick<Concern, "code" | "words" | "status">>> = {
  RESTRICTED_CUSTOMER_INITIATED_MESSAGING: {
    code: "restricted",
    status: "restricted",
    words:
      "Meta lets nobody write to the number: nothing comes. Look in Business Support Home for why and how long",
  },
  RESTRICTED_BIZ_INITIATED_MESSAGING: {
    code: "sending-restricted",
    status: "needs-attention",
    words: "Meta lets the number write to nobody first: only answers within 24 hours go out",
  },
};

function raise(
  code: string,
  words: string,
  since: number,
  { status = "needs-attention", until }: { status?: ConcernStatus; until?: number } = {},
): Verdict {
  return { raise: [{ code, status, words, since, ...(until !== undefined && { until }) }], settle: [] };
}

function settleIf(decision: unknown, is: string, code: string): Verdict {
  return word(decision) === is ? { raise: [], settle: [code] } : NOTHING;
}

/** A name of Meta's own; anything else may say what is nobody's business. */
function word(value: unknown): string {
  const { data } = z
    .string()
    .regex(/^[A-Z][A-Z0-9_]{0,79}$/)
    .safeParse(value);
  return data ?? "not said";
}

function isOurs(said: AccountNotice, template: ApprovedTemplate | undefined): boolean {
  const language = String(said.message_template_language ?? "").replace("-", "_");
  return said.message_template_name === template?.name && language === template?.language;
}
