import { type RelayFailure, relayFailure, type RelayOutcome } from "@daybook/contract";
import { z } from "zod";
import type { SignalErrorCode } from "../error.ts";
import type { AccountFile } from "../store/account-file.ts";
import { Changes } from "../store/changes.ts";

/** Whom of a group it did not reach, in words. */
const partly = { why: z.string().optional() };

/** How far a message is that somebody asked for: kept in the account's file, so that it is sent once. */
const progress = z.discriminatedUnion("state", [
  z.strictObject({ state: z.literal("begun"), timestamp: z.int() }),
  /** Signal has it for whoever it is for, and it is recorded; the official's phone was not told yet. */
  z.strictObject({ state: z.literal("delivered"), timestamp: z.int(), networkId: z.string(), ...partly }),
  z.strictObject({ state: z.literal("sent"), networkId: z.string(), ...partly }),
  z.strictObject({ state: z.literal("failed"), code: relayFailure, why: z.string() }),
]);
export type Progress = z.infer<typeof progress>;

/** What stands in the way of a message for good. */
export const FAILURES: Partial<Record<SignalErrorCode, RelayFailure>> = {
  unregistered: "no-such-recipient",
  "identity-changed": "identity-changed",
  challenge: "challenge",
  malformed: "refused",
  "rate-limited": "rate-limited",
};

/** @param id of the message, as whoever asked for it names it */
export function readProgress(file: AccountFile, id: string): Progress | undefined {
  const kept = file.get("relayed", id);
  return kept && progress.parse(JSON.parse(Buffer.from(kept).toString()));
}

/** Into `changes`: durable once they are committed. */
export function setProgress(changes: Changes, id: string, value: Progress): void {
  changes.set("relayed", id, Buffer.from(JSON.stringify(value)));
}

/** Durable once it returns. */
export function writeProgress(file: AccountFile, id: string, value: Progress, at: Date): void {
  const changes = new Changes(file);
  setProgress(changes, id, value);
  file.commit(changes, at.getTime());
}

/** As `writeProgress`, for what is over. */
export function settle(file: AccountFile, id: string, outcome: RelayOutcome, at: Date): RelayOutcome {
  writeProgress(file, id, outcome, at);
  return outcome;
}

/** What came of a message whose time is over. */
export function expire(file: AccountFile, id: string, at: Date): RelayOutcome {
  const known = readProgress(file, id);
  if (!known) return settle(file, id, failed("offline", "Signal could not be reached in time"), at);
  switch (known.state) {
    case "begun": {
      const why = "Signal did not answer in time: look at the phone whether it was sent";
      return settle(file, id, failed("unknown", why), at);
    }
    case "delivered": {
      const { networkId, why } = known;
      return settle(file, id, { state: "sent", networkId, ...(why !== undefined && { why }) }, at);
    }
    default:
      return known;
  }
}

export function failed(code: RelayFailure, why: string) {
  return { state: "failed" as const, code, why };
}
