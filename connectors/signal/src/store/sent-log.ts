import { z } from "zod";
import type { Values } from "./changes.ts";

/** What was sent is kept for so long, and so much of it: recipients ask for what they cannot decrypt soon, or never. */
const KEEP_MS = 14 * 86_400_000;
const MOST = 1_000;
/** A device that cannot decrypt it this often will not be able to. */
const MOST_RESENT = 3;
const INDEX = "sent-log";

const sent = z.strictObject({
  /** Accounts. */
  to: z.array(z.string()),
  /** Base64. */
  content: z.string(),
  /** The group that it was for, base64. */
  group: z.string().optional(),
  /** How often it was sent again, by device. */
  resent: z.record(z.string(), z.int()),
});
export type Sent = z.infer<typeof sent>;

const index = z.array(z.strictObject({ name: z.string(), at: z.int() }));

/** What names a message in the log: its own time, and whether it was for the account's other devices. */
export interface SentName {
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly toSelf: boolean;
}

const nameOf = ({ timestamp, toSelf }: SentName) => `${timestamp}/${toSelf ? "self" : "others"}`;

/** Keeps what is about to be sent, and lets go of what is old. @param now milliseconds since 1970 */
export function logSent(values: Values, name: SentName, what: Omit<Sent, "resent">, now: number): void {
  write(values, name, { ...what, resent: {} });
  const all = [
    ...readIndex(values).filter((one) => one.name !== nameOf(name)),
    { name: nameOf(name), at: now },
  ];
  const kept = all.filter(({ at }) => now - at < KEEP_MS).slice(-MOST);
  const names = new Set(kept.map((one) => one.name));
  for (const one of all) if (!names.has(one.name)) values.set("sent", one.name, undefined);
  values.set("link", INDEX, Buffer.from(JSON.stringify(kept)));
}

/**
 * What a device asks for again, if it was for its account and may be sent to it once more; that is noted.
 *
 * @param device as `ACCOUNT.NUMBER`
 */
export function takeToResend(
  values: Values,
  name: SentName,
  { account, device }: { readonly account: string; readonly device: string },
): Sent | undefined {
  const stored = values.get("sent", nameOf(name));
  const known = stored && sent.parse(JSON.parse(Buffer.from(stored).toString("utf8")));
  const times = known?.resent[device] ?? 0;
  if (!known?.to.includes(account) || times >= MOST_RESENT) return undefined;
  write(values, name, { ...known, resent: { ...known.resent, [device]: times + 1 } });
  return known;
}

function write(values: Values, name: SentName, value: Sent): void {
  values.set("sent", nameOf(name), Buffer.from(JSON.stringify(value)));
}

function readIndex(values: Pick<Values, "get">): z.infer<typeof index> {
  const stored = values.get("link", INDEX);
  return stored ? index.parse(JSON.parse(Buffer.from(stored).toString("utf8"))) : [];
}
