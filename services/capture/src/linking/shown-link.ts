import { z } from "zod";
import type { LinkState } from "./links.ts";

/** What to show of a link that is being made, or what came of it. */
export const linkState = z.discriminatedUnion("step", [
  z.strictObject({ step: z.literal("starting") }),
  z.strictObject({ step: z.literal("show"), url: z.string(), expiresAt: z.string() }),
  z.strictObject({ step: z.literal("linking") }),
  z.strictObject({ step: z.literal("linked"), account: z.string(), again: z.boolean() }),
  z.strictObject({ step: z.literal("failed"), why: z.string() }),
]);

export function shownState(found: LinkState): z.input<typeof linkState> {
  return found.step === "show" ? { ...found, expiresAt: found.expiresAt.toISOString() } : found;
}
