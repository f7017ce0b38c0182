import { z } from "zod";
import type { Values } from "./changes.ts";

/** More wait only where somebody asks in a loop. */
const MOST = 100;
const NAME = "resend-requests";

const request = z.strictObject({
  sender: z.string(),
  device: z.int(),
  /** What they say of it: a DecryptionErrorMessage, base64. */
  error: z.string(),
});
/** A device that could not decrypt what this account sent, and asks for it again. */
export type ResendRequest = z.infer<typeof request>;

/** Oldest first. */
export function readResendRequests(values: Pick<Values, "get">): ResendRequest[] {
  const stored = values.get("link", NAME);
  return stored ? z.array(request).parse(JSON.parse(Buffer.from(stored).toString("utf8"))) : [];
}

export function addResendRequest(values: Values, one: ResendRequest): void {
  write(values, [...readResendRequests(values), one].slice(-MOST));
}

/** It was answered, or cannot be. */
export function dropResendRequest(values: Values, one: ResendRequest): void {
  const is = ({ sender, device, error }: ResendRequest) =>
    sender === one.sender && device === one.device && error === one.error;
  write(
    values,
    readResendRequests(values).filter((other) => !is(other)),
  );
}

function write(values: Values, requests: readonly ResendRequest[]): void {
  values.set("link", NAME, requests.length === 0 ? undefined : Buffer.from(JSON.stringify(requests)));
}
