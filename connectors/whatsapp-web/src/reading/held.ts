import { observation, type Observed, type WebMessage } from "../observation.ts";
import { fieldsOf } from "./fields.ts";
import { bodyOf, digestOf, stableOf } from "./stable.ts";

/** A message that was captured, as it was when it was last seen. */
export interface Original {
  /** Of what it says that does not change. */
  readonly digest: string;
  readonly type: string;
  /** Digest of its own words, or caption, hex: the words themselves are in the archive, and nowhere else. */
  readonly words?: string;
}

/** What is remembered of messages that were captured. */
export interface Held {
  /** @param messageId the message's serialized id */
  original(messageId: string): Original | undefined;
}

/** What has to be remembered once the events of an observation are durable; undefined where nothing has. */
export function heldOf({ raw }: Observed): (Original & { readonly id: string }) | undefined {
  try {
    const { data } = observation.safeParse(JSON.parse(raw));
    if (data?.what === "message" || data?.what === "edit" || data?.what === "decrypted")
      return { id: data.msg.id._serialized, ...originalOf(data.msg) };
    if (data?.what !== "revoked") return undefined;
    const { digest } = originalOf(data.msg);
    return { id: data.msg.id._serialized, digest, type: "revoked" };
  } catch {
    return undefined;
  }
}

export function originalOf(msg: WebMessage): Original {
  const fields = fieldsOf(msg);
  const text = bodyOf(fields);
  return {
    digest: digestOf(stableOf(msg, fields)),
    type: msg.type,
    ...(text !== undefined && { words: digestOf([text]) }),
  };
}
