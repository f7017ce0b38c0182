import { z } from "zod";
import type { PagePort } from "../page-port.ts";

/** What the process of one account is given to begin with, as its first message. */
export interface SessionSettings {
  readonly chromium: string;
  readonly chromiumArgs: readonly string[];
  /** Chromium's own folder for this account. */
  readonly profile: string;
  readonly userAgent: string;
  /** As WhatsApp lists the device on the phone. */
  readonly deviceName: string;
  /** Milliseconds from the start until WhatsApp Web has loaded, as far as a code or a session. */
  readonly loadMs: number;
  /** Milliseconds that older messages of a chat may take to load. */
  readonly historyMs: number;
  /** A phone is to be linked: what is observed stays in the page until the session is captured. */
  readonly isLinking: boolean;
}

/** What the page is asked for by the other process. */
export type Ask = Exclude<keyof PagePort, "take" | "done" | "health" | "refreshCode">;

/** To the process of an account. */
export type ToSession =
  | { readonly t: "start"; readonly settings: SessionSettings }
  /** What was `observed` under this number is durable. */
  | { readonly t: "durable"; readonly batch: number }
  | { readonly t: "ask"; readonly id: number; readonly what: Ask; readonly args: readonly unknown[] }
  | { readonly t: "stop" };

/** Why a session ended that nobody stopped. */
export const END_REASONS = [
  "logged-out", // terminal: link again
  "conflict", // WhatsApp Web is open with this link elsewhere
  "blocked", // by WhatsApp
  "not-loaded", // WhatsApp Web did not load in time
  "unsupported", // what is needed of it is not there
  "broken", // the browser or the page went away
] as const;
export type EndReason = (typeof END_REASONS)[number];

const health = z.object({
  state: z.string().max(64),
  hasSynced: z.boolean(),
  version: z.string().max(128),
  since: z.number(),
  unkept: z.int(),
  watched: z.array(z.string().max(64)).max(64),
  lastAt: z.number(),
});

/** From the process of an account. The page is WhatsApp's: nothing of it is believed unread. */
export const fromSession = z.discriminatedUnion("t", [
  /** Chromium runs, under this process id. */
  z.object({ t: z.literal("browser"), pid: z.int().positive() }),
  z.object({ t: z.literal("code"), url: z.string().min(1).max(4_096) }),
  z.object({ t: z.literal("paired") }),
  /** Signed in, and all that is needed of WhatsApp Web is there. */
  z.object({
    t: z.literal("ready"),
    version: z.string().max(128),
    me: z.object({
      pn: z.string().max(512).optional(),
      lid: z.string().max(512).optional(),
      name: z.string().max(2_048),
    }),
  }),
  z.object({ t: z.literal("state"), state: z.string().max(64) }),
  z.object({ t: z.literal("health"), health }),
  z.object({
    t: z.literal("observed"),
    batch: z.int(),
    items: z.array(z.object({ n: z.number(), raw: z.string() })).max(1_000),
  }),
  z.object({ t: z.literal("answer"), id: z.int(), value: z.unknown() }),
  z.object({ t: z.literal("refused"), id: z.int(), why: z.string().max(256) }),
  z.object({ t: z.literal("ended"), why: z.enum(END_REASONS), detail: z.string().max(512) }),
]);
export type FromSession = z.infer<typeof fromSession>;
export type SessionHealth = z.infer<typeof health>;
