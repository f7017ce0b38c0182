import { z } from "zod";

const LOOPBACK = /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?\/?$/;

/** Of a BlueBubbles server. Its password stands in each address: only where nobody can listen in between. */
export const bluebubblesUrl = z
  .url({ protocol: /^https?$/ })
  .max(1_024)
  .refine(
    (url) => url.startsWith("https:") || LOOPBACK.test(url),
    "must be https://HOST[:PORT], or http:// to this machine",
  );

/** The Apple account of a Mac, as its messages name it. */
export const appleAccount = z.string().trim().min(3).max(320);

/** It is all that a post to the webhook proves. */
export const webhookSecret = z
  .string()
  .trim()
  .regex(/^[\w-]{32,256}$/, "must be 32 letters or digits at least, at random");

/** A conversation of an account with itself, as Messages names it. */
export const canaryConversation = z
  .string()
  .regex(/^(?:iMessage|any);-;\S{3,320}$/, "must look like iMessage;-;olivia@minister.example");

export const pollSeconds = z.coerce.number<number | string>().min(1).max(3_600).default(5);
export const canaryMinutes = z.coerce.number<number | string>().int().min(5).max(1_440).default(15);
