import { setTimeout as sleep } from "node:timers/promises";
import { StreamError } from "../port.ts";

const FIRST_PAUSE_MS = 50;
const LAST_PAUSE_MS = 1_000;

const REFUSED_PASSWORD = "SASL_AUTHENTICATION_FAILED";

/** Answers of a broker that asking again will not change. */
const FINAL: ReadonlySet<string> = new Set([
  "MESSAGE_TOO_LARGE",
  "RECORD_LIST_TOO_LARGE",
  "INVALID_RECORD",
  "POLICY_VIOLATION",
  "TOPIC_AUTHORIZATION_FAILED",
  "CLUSTER_AUTHORIZATION_FAILED",
  "GROUP_AUTHORIZATION_FAILED",
  "UNSUPPORTED_VERSION",
  REFUSED_PASSWORD,
  // Of TLS, by Node's names.
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "CERT_HAS_EXPIRED",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

/** What to say of an error of kafkajs: its protocol name where it has one, which holds nothing of a message. */
export function kafkaErrorType(error: unknown): string {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const { type, code } = at as Error & { type?: unknown; code?: unknown };
    for (const name of [type, code]) if (typeof name === "string") return name;
    if (at.name === "KafkaJSSASLAuthenticationError") return REFUSED_PASSWORD;
  }
  return error instanceof Error ? error.name : "unknown";
}

/** What is known of a client before it asks. */
export interface Standing {
  /** A broker has let it in with this very password before. */
  readonly wasLetIn: boolean;
}

/**
 * Whether asking again cannot help. Of a client that was let in before, a refused password says little: kafkajs takes
 * whatever goes wrong while it signs in for that, so an overloaded broker seems to refuse a right one.
 */
export function isFinal(error: unknown, { wasLetIn }: Standing = { wasLetIn: false }): boolean {
  const type = kafkaErrorType(error);
  if (wasLetIn && type === REFUSED_PASSWORD) return false;
  return FINAL.has(type) || error instanceof StreamError;
}

/**
 * Does it again and again until it succeeds, with growing pauses. kafkajs's own repeating is switched off: it
 * ends at errors that pass by themselves ("Broker not connected" is a plain Error of its own).
 *
 * @throws {StreamError} `unavailable` when time is up or when asking again cannot help
 */
export async function persist<T>(
  what: string,
  patienceMs: number,
  attempt: () => Promise<T>,
  standing?: Standing,
): Promise<T> {
  const until = performance.now() + patienceMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LAST_PAUSE_MS)) {
    try {
      return await attempt();
    } catch (error) {
      if (isFinal(error, standing) || performance.now() + pauseMs > until) throw unavailable(what, error);
    }
    await sleep(pauseMs);
  }
}

/** @param what what could not be done, for people: "send to daybook.events/3" */
export function unavailable(what: string, cause: unknown): StreamError {
  if (cause instanceof StreamError) return cause;
  const type = kafkaErrorType(cause);
  const remedy = isFinal(cause)
    ? "correct this client's certificates, password or rights, or the topic's settings"
    : "see that the brokers run and can be reached, and repeat";
  return new StreamError("unavailable", `Kafka does not ${what} (${type}): ${remedy}`, { cause });
}
