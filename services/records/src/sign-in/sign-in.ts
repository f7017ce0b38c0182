import type { Authenticator, Logger, Principal, Role, Route } from "@daybook/runtime";
import type { Cells } from "../cells.ts";
import type { Changes } from "../changes.ts";
import type { Database } from "../database.ts";
import type { Registry } from "../registry.ts";
import type { AuditTrail } from "../trail.ts";
import { Ceremonies } from "./ceremonies.ts";
import { confirmationRoutes } from "./confirmation-routes.ts";
import { Confirmations } from "./confirmations.ts";
import { Directory } from "./directory.ts";
import { Invitations } from "./invitations.ts";
import { LIMITS, type SignInOptions } from "./options.ts";
import { Passkeys } from "./passkeys.ts";
import { People } from "./people.ts";
import { personRoutes } from "./person-routes.ts";
import { RateLimit } from "./rate-limit.ts";
import { ownRoutes } from "./own-routes.ts";
import { Sessions } from "./sessions.ts";
import { limited, signInRoutes } from "./sign-in-routes.ts";
import { Trial } from "./trial.ts";

const ACTOR = "daybook";
const FIRST_ROLES: readonly Role[] = ["administrator"];

export interface SignInGiven {
  readonly options: SignInOptions | undefined;
  readonly sample: boolean;
  readonly database: Database;
  readonly changes: Changes;
  readonly cells: Cells;
  readonly trail: AuditTrail;
  readonly registry: Registry;
  readonly log: Logger;
  readonly now: () => Date;
}

/** Everything about people who sign in. */
export interface SignIn {
  /** Of session tokens. */
  readonly sessions: Authenticator;
  /** For what gives somebody a way in. @throws {RecordsError} `confirm-first`: whoever is in a session shows first who they are */
  readonly requireConfirmed: (principal: Principal) => Promise<void>;
  readonly routes: Route[];
  /** Makes a trial's people, or the first administrator's link where nobody could sign in otherwise. */
  open(): Promise<void>;
  /** Takes away what is over, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** @throws {TypeError} for a trial that is none */
export function createSignIn(given: SignInGiven): SignIn {
  const { options, database, cells, registry, sample } = given;
  if (options?.trial && !sample) throw new TypeError("only a sample has people as whom anybody may sign in");
  const origin = options?.origin;
  const limits = { ...LIMITS, ...options?.limits };
  const sessions = new Sessions({ ...given, limits });
  const ceremonies = new Ceremonies(given);
  const people = new People({ ...given, sessions });
  const invitations = new Invitations({ ...given, origin, goodMs: limits.invitationMs });
  const passkeys = new Passkeys({ ...given, origin, ceremonies, invitations });
  const directory =
    options?.directory &&
    new Directory({
      ...given,
      options: options.directory,
      origin: options.origin,
      sessions,
      ceremonies,
    });
  const trial = options?.trial && new Trial({ options: options.trial, database, cells });
  const limit = new RateLimit(limits.perMinute, given.now);
  const confirmations = new Confirmations({
    ...given,
    passkeys,
    directory,
    trial,
    goodMs: limits.confirmedMs,
  });
  return {
    sessions,
    requireConfirmed: (principal) => confirmations.require(principal),
    routes: [
      ...limited(
        [
          ...signInRoutes({
            sample,
            isOpen: origin !== undefined,
            sessions,
            passkeys,
            invitations,
            directory,
            trial,
          }),
          ...confirmationRoutes(confirmations),
        ],
        limit,
      ),
      ...ownRoutes({ sessions, passkeys, confirmations }),
      ...personRoutes({
        people,
        invitations,
        directory,
        confirmations,
        canInvite: origin !== undefined,
      }),
    ],
    async open() {
      if (trial) await trial.open(people, registry);
      else if (!directory && options?.onFirstLink && !(await passkeys.isAnybodys())) {
        const link = await firstLink(people, invitations, options.first?.name ?? "Administrator");
        if (link !== undefined) options.onFirstLink(link);
      }
    },
    run: (signal) => sessions.run(signal),
  };
}

/** For the first person, who is made here: unless there are others, who are not the first one's to decide about. */
async function firstLink(
  people: People,
  invitations: Invitations,
  name: string,
): Promise<string | undefined> {
  const { entries } = await people.list({ limit: 100 });
  const waiting = entries.filter(({ endedAt }) => endedAt === null);
  const first =
    waiting.length === 0
      ? await people.add({ name, roles: FIRST_ROLES, custodians: [] }, ACTOR)
      : waiting.find(({ roles, directory }) => roles.includes("administrator") && !directory);
  return first && (await invitations.make(first.id, ACTOR)).link;
}

/** Tokens of whatever kind, each asked of those who know it. */
export function authenticatorOf(...of: readonly Authenticator[]): Authenticator {
  return {
    async authenticate(bearer) {
      for (const one of of) {
        const principal = await one.authenticate(bearer);
        if (principal) return principal;
      }
      return undefined;
    },
  };
}
