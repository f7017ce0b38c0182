import pg from "pg";

/** What went wrong between PostgreSQL and us, without its own words, which may quote values. */
export interface PostgresFault {
  /**
   * `unavailable`: it does not answer or is not ready, and may be later; the outcome of a statement is unknown.
   * `refused`: it will not have us, until an administrator acts. `statement`: it gave this statement up.
   */
  readonly kind: "unavailable" | "refused" | "statement";
  /** One line: what it is, and what to do about it. */
  readonly message: string;
  /** SQLSTATE, where PostgreSQL gave one. */
  readonly state?: string;
}

/** SQLSTATE, see PostgreSQL's appendix A. */
const REFUSALS: Readonly<Record<string, string>> = {
  "28P01": "PostgreSQL does not take this user and password: check both",
  "28000":
    "PostgreSQL does not let this user in from here: check its rules (pg_hba.conf) and the client's certificate",
  "3D000": "PostgreSQL has no such database: make it (infra/deploy/postgres)",
  "42501": "PostgreSQL gives this user no right to do that: grant it (infra/deploy/postgres)",
};

const CERTIFICATE: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "PostgreSQL's certificate has expired: renew it",
  CERT_NOT_YET_VALID: "PostgreSQL's certificate is not valid yet: check it, and this machine's clock",
  CERT_REVOKED: "PostgreSQL's certificate is revoked: renew it",
  ERR_TLS_CERT_ALTNAME_INVALID:
    "PostgreSQL's certificate is for another name: check the host, or its certificate",
};
const UNTRUSTED =
  /^(UNABLE_TO_|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|CERT_UNTRUSTED|CERT_SIGNATURE_FAILURE|INVALID_CA|HOSTNAME_MISMATCH)/;

/** Reads what `pg` threw. */
export function postgresFault(error: unknown): PostgresFault {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (error instanceof pg.DatabaseError && error.code !== undefined) return ofState(error.code);
  if (typeof code === "string") {
    const known = CERTIFICATE[code];
    if (known) return { kind: "refused", message: known };
    if (UNTRUSTED.test(code)) {
      const untrusted = "PostgreSQL's certificate is from nobody we trust: check the CA that was given";
      return { kind: "refused", message: untrusted };
    }
    // No protocol or cipher in common, or what was given as certificate or key is none.
    if (/^ERR_(SSL|OSSL)_/.test(code)) {
      return { kind: "refused", message: "TLS with PostgreSQL failed: check the certificates and the key" };
    }
    if (code === "ENOTFOUND") {
      return { kind: "unavailable", message: "PostgreSQL's host has no address: check its name" };
    }
  }
  // These two `pg` tells apart by words alone.
  if (typeof message === "string" && message.includes("does not support SSL")) {
    return { kind: "refused", message: "PostgreSQL does not speak TLS: have it do so (ssl = on)" };
  }
  if (typeof message === "string" && message.startsWith("SASL: ")) {
    return { kind: "refused", message: "PostgreSQL could not show that it knows the password: check it" };
  }
  return { kind: "unavailable", message: "PostgreSQL did not answer" };
}

function ofState(state: string): PostgresFault {
  const refusal = REFUSALS[state];
  if (refusal) return { kind: "refused", message: refusal, state };
  const unavailable = (message: string): PostgresFault => ({ kind: "unavailable", message, state });
  if (state === "53100") return unavailable("PostgreSQL's disk is full: make room");
  if (state === "53300") return unavailable("PostgreSQL has no connection left: raise max_connections");
  if (state === "57P03") return unavailable("PostgreSQL is starting or stopping");
  if (state === "25006") return unavailable("PostgreSQL takes no writing: is this a standby?");
  // Connection trouble, an administrator's command, a limit, a lock: all may pass.
  if (/^(08|53|57)/.test(state)) return unavailable(`PostgreSQL broke off a statement (${state})`);
  return { kind: "statement", message: `PostgreSQL refused a statement (${state})`, state };
}
