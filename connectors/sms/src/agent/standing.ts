import { numberIn, type ProviderRow } from "./row.ts";
import { boxOf } from "./sides.ts";

/** `TextBasedSmsColumns.MESSAGE_TYPE_FAILED`. */
const FAILED_BOX = 5;
/** `TextBasedSmsColumns.STATUS_*`. */
const STATUSES: Readonly<Record<number, string>> = { 0: "delivered", 64: "failed" };

/** What became of a message that the phone's owner sent; of one that stands as it should, nothing. */
export function standingOf(row: ProviderRow): string | undefined {
  if (boxOf(row) !== "outgoing") return undefined;
  const hasFailed = numberIn(row, row.table === "sms" ? "type" : "msg_box") === FAILED_BOX;
  if (hasFailed) return "failed";
  return row.table === "sms" ? STATUSES[numberIn(row, "status") ?? -1] : undefined;
}
