import type { Role, Secret } from "@daybook/runtime";

/** The organisation's own directory, by OpenID Connect. */
export interface DirectoryOptions {
  /** Its issuer: HTTPS, but for one on this machine. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: Secret;
  /** What people call it: on the button. */
  readonly name: string;
  /** Whom to ask when it gives somebody no role. */
  readonly help: string;
  /** Besides `openid profile`. */
  readonly scopes?: readonly string[];
  /** The claims that are read: `sub`, `name` and `roles` unless given; custodians by no claim unless given. */
  readonly claims?: {
    readonly subject?: string;
    readonly name?: string;
    readonly roles?: string;
    readonly custodians?: string;
  };
  /** Which role a value of the claim gives; other values give none. */
  readonly roles: Readonly<Record<string, Role>>;
}

/** A trial's people, as whom anybody signs in who has the start token. */
export interface TrialOptions {
  /** 32 random bytes, base64url. */
  readonly token: string;
  readonly people: readonly {
    readonly name: string;
    readonly roles: readonly Role[];
    /** Name of the custodian that they are. */
    readonly custodian?: string;
  }[];
}

export interface SignInLimits {
  /** A session ends when nothing was asked with it for so long: 30 minutes unless given. */
  readonly idleMs: number;
  /** And at this age: 12 hours unless given. */
  readonly absoluteMs: number;
  /** A session that the directory began ends when it was not asked again for so long: one hour unless given. */
  readonly directoryMs: number;
  /** For so long after somebody showed who they are they may give others or themselves a way in: 5 minutes unless given. */
  readonly confirmedMs: number;
  /** How long an invitation is good: 72 hours unless given. */
  readonly invitationMs: number;
  /** Requests to sign in that one address may make in a minute: 100 unless given. */
  readonly perMinute: number;
}

/** How people sign in. Without it nobody can: there are tokens alone. */
export interface SignInOptions {
  /** Where browsers find the console: scheme, host and port. Passkeys are bound to its host for good. */
  readonly origin: string;
  readonly directory?: DirectoryOptions;
  readonly trial?: TrialOptions;
  /**
   * Given a link by which the first administrator signs in, good once and for 72 hours: at each start until somebody
   * has a passkey, unless there is a directory or it is a trial. Not for a log.
   */
  readonly onFirstLink?: (link: string) => void;
  /** Who that is. */
  readonly first?: { readonly name: string };
  readonly limits?: Partial<SignInLimits>;
}

const MINUTE_MS = 60_000;

export const LIMITS: SignInLimits = {
  idleMs: 30 * MINUTE_MS,
  absoluteMs: 12 * 60 * MINUTE_MS,
  directoryMs: 60 * MINUTE_MS,
  confirmedMs: 5 * MINUTE_MS,
  invitationMs: 72 * 60 * MINUTE_MS,
  perMinute: 100,
};
