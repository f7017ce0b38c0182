import { createHash } from "node:crypto";
import type { Action, Principal } from "./rights.ts";
import { ProblemError } from "./problem.ts";

/** Says who a bearer token stands for; `undefined` for one that is unknown, ended or revoked. */
export interface Authenticator {
  authenticate(bearer: string): Promise<Principal | undefined>;
  /** Told what is refused to somebody who is known, for want of a right: they have their answer when it resolves. */
  refused?(principal: Principal, action: Action): Promise<void>;
}

const LOOPBACK: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

/**
 * Whether a request was meant for this server: a page elsewhere can point a name of its own at 127.0.0.1
 * (DNS rebinding), but cannot make the browser send another `Host`.
 *
 * @param hosts names besides the loopback ones, without port; `*` allows any
 */
export function isOwnHost(host: string | undefined, hosts: ReadonlySet<string>): boolean {
  if (hosts.has("*")) return true;
  const name = /^(\[[0-9a-f:]+\]|[a-z0-9.-]+)(?::\d{1,5})?$/.exec((host ?? "").toLowerCase())?.[1];
  return name !== undefined && (LOOPBACK.has(name) || hosts.has(name));
}

const BEARER = /^Bearer ([A-Za-z0-9._~+/-]{1,1024}=*)$/i;

const FAILURE_WINDOW_MS = 60_000;
const MAX_ADDRESSES = 10_000;
const MAX_KNOWN = 1_000;

/**
 * An authenticator for requests, with a limit on failures: an address that failed too often within a minute is
 * not listened to until the minute is over, but for tokens that were good before, so that nobody on the same
 * machine can lock its owner out.
 */
export function requestAuthenticator(
  authenticator: Authenticator,
  { failuresAllowed = 20, now = Date.now }: { failuresAllowed?: number; now?: () => number } = {},
): (header: string | undefined, address: string) => Promise<Principal> {
  const failures = new Map<string, { count: number; until: number }>();
  const known = new Set<string>();

  const fail = (address: string) => {
    const entry = failures.get(address);
    if (entry && entry.until > now()) {
      entry.count += 1;
      return;
    }
    failures.delete(address);
    failures.set(address, { count: 1, until: now() + FAILURE_WINDOW_MS });
    if (failures.size > MAX_ADDRESSES) dropOldest(failures.keys(), (key) => failures.delete(key));
  };

  return async (header, address) => {
    if (header === undefined) throw unauthenticated();
    const bearer = BEARER.exec(header)?.[1];
    const digest = bearer && createHash("sha256").update(bearer).digest("base64");
    const entry = failures.get(address);
    const blocked = entry !== undefined && entry.until > now() && entry.count >= failuresAllowed;
    if (blocked && !(digest && known.has(digest))) {
      throw new ProblemError(
        429,
        "too-many-failures",
        "too many requests with a wrong token: wait a minute",
        {
          retryAfterSeconds: Math.ceil((entry.until - now()) / 1_000),
        },
      );
    }
    const principal = bearer === undefined ? undefined : await authenticator.authenticate(bearer);
    if (!principal || !digest) {
      if (digest) known.delete(digest);
      fail(address);
      throw unauthenticated();
    }
    known.add(digest);
    if (known.size > MAX_KNOWN) dropOldest(known.keys(), (key) => known.delete(key));
    return principal;
  };
}

function dropOldest<K>(keys: Iterator<K>, drop: (key: K) => void): void {
  const oldest = keys.next();
  if (!oldest.done) drop(oldest.value);
}

function unauthenticated(): ProblemError {
  return new ProblemError(401, "unauthenticated", "send a valid token as `Authorization: Bearer TOKEN`");
}
