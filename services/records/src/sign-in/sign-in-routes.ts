import { addressOf, ROLES, type Route, route } from "@daybook/runtime";
import { z } from "zod";
import { RecordsError } from "../error.ts";
import { assertion, registration } from "./authenticator-answers.ts";
import type { Directory } from "./directory.ts";
import type { Invitations } from "./invitations.ts";
import type { Passkeys } from "./passkeys.ts";
import type { RateLimit } from "./rate-limit.ts";
import type { Sessions } from "./sessions.ts";
import type { Trial } from "./trial.ts";

export const secret = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
/** What somebody calls a passkey of theirs. */
export const label = z.string().trim().min(1).max(100);
const roles = z.array(z.enum(ROLES)).readonly();
const person = z.object({ id: z.string(), name: z.string(), roles });
const session = z.object({ token: z.string(), person, endsAt: z.string() });
/** What the browser hands to its authenticator, as WebAuthn has it. */
export const begun = z.object({ ceremony: z.string(), options: z.record(z.string(), z.unknown()) });
/** Where the browser goes, to be asked by the directory. */
export const leaving = z.object({ ceremony: z.string(), url: z.string() });
export const query = z.string().max(16_384).describe("Of the address that the directory sent the browser to");

export interface SignInParts {
  readonly sample: boolean;
  /** Whether there is a console to sign in at. */
  readonly isOpen: boolean;
  readonly sessions: Sessions;
  readonly passkeys: Passkeys;
  readonly invitations: Invitations;
  readonly directory: Directory | undefined;
  readonly trial: Trial | undefined;
}

/** For whoever has not signed in yet. */
export function signInRoutes(of: SignInParts): Route[] {
  const routes = [waysRoute(of), ...passkeyRoutes(of), ...invitationRoutes(of), ...directoryRoutes(of)];
  return [...routes, ...trialRoutes(of)];
}

/** Each counts against the limit of the address that asks. */
export function limited(routes: readonly Route[], limit: RateLimit): Route[] {
  return routes.map((one) => ({
    ...one,
    handle: async (call) => {
      limit.take(addressOf(call.request));
      return one.handle(call);
    },
  }));
}

function waysRoute({ sample, isOpen, directory, trial }: SignInParts): Route {
  return route({
    method: "get",
    path: "/api/v1/sign-in",
    action: "public",
    summary: "In which ways people sign in here",
    response: z.object({
      sample: z.boolean(),
      passkey: z.boolean(),
      oidc: z.object({ name: z.string() }).nullable(),
      trial: z.boolean(),
    }),
    handle: () =>
      Promise.resolve({
        sample,
        passkey: isOpen,
        oidc: directory ? { name: directory.name } : null,
        trial: trial !== undefined,
      }),
  });
}

function passkeyRoutes({ sessions, passkeys }: SignInParts): Route[] {
  return [
    route({
      method: "post",
      path: "/api/v1/sign-in/passkey/begin",
      action: "public",
      summary: "Begin to sign in with a passkey",
      response: begun,
      handle: async () => toBegun(await passkeys.beginSignIn()),
    }),
    route({
      method: "post",
      path: "/api/v1/sign-in/passkey/finish",
      action: "public",
      summary: "Sign in with a passkey",
      body: z.object({ ceremony: secret, response: assertion }),
      response: session,
      handle: async ({ body }) =>
        sessions.start(await passkeys.finishSignIn(body.ceremony, body.response), "passkey"),
    }),
  ];
}

function invitationRoutes({ sessions, passkeys, invitations }: SignInParts): Route[] {
  return [
    route({
      method: "post",
      path: "/api/v1/sign-in/invitation/look",
      action: "public",
      summary: "Whom an invitation is for",
      body: z.object({ invitation: secret }),
      response: z.object({ name: z.string(), roles, expiresAt: z.string() }),
      handle: ({ body }) => invitations.look(body.invitation),
    }),
    route({
      method: "post",
      path: "/api/v1/sign-in/invitation/begin",
      action: "public",
      summary: "Begin to make a passkey by an invitation",
      body: z.object({ invitation: secret }),
      response: begun,
      handle: async ({ body }) => toBegun(await passkeys.beginInvited(body.invitation)),
    }),
    route({
      method: "post",
      path: "/api/v1/sign-in/invitation/finish",
      action: "public",
      summary: "Make the passkey, use the invitation up, and sign in",
      body: z.object({ invitation: secret, ceremony: secret, response: registration, label }),
      response: session,
      handle: async ({ body: { invitation, ceremony, response, label: called } }) =>
        sessions.start(await passkeys.finishInvited(invitation, ceremony, response, called), "passkey"),
    }),
  ];
}

function directoryRoutes({ sessions, directory }: SignInParts): Route[] {
  const required = () => {
    if (directory) return directory;
    throw new RecordsError("conflict", "no directory is set up here: sign in with a passkey");
  };
  return [
    route({
      method: "post",
      path: "/api/v1/sign-in/oidc/begin",
      action: "public",
      summary: "Begin to sign in with the organisation's directory (OpenID Connect)",
      response: leaving,
      handle: () => required().begin(),
    }),
    route({
      method: "post",
      path: "/api/v1/sign-in/oidc/finish",
      action: "public",
      summary: "Sign in with what the directory answered",
      body: z.object({ ceremony: secret, query }),
      response: session,
      handle: async ({ body }) =>
        sessions.start(await required().finish(body.ceremony, body.query), "directory"),
    }),
  ];
}

function trialRoutes({ sessions, trial }: SignInParts): Route[] {
  const required = () => {
    if (trial) return trial;
    throw new RecordsError("sign-in-refused", "this is no trial: sign in as yourself");
  };
  return [
    route({
      method: "post",
      path: "/api/v1/sign-in/trial/look",
      action: "public",
      summary: "The people of a trial, as whom its start token lets one sign in",
      body: z.object({ start: secret }),
      response: z.object({ people: z.array(person) }),
      handle: async ({ body }) => ({ people: await required().people(body.start) }),
    }),
    route({
      method: "post",
      path: "/api/v1/sign-in/trial",
      action: "public",
      summary: "Sign in as one of them",
      body: z.object({ start: secret, person: z.uuid() }),
      response: session,
      handle: async ({ body }) => sessions.start(await required().enter(body.start, body.person), "trial"),
    }),
  ];
}

/** Options are made of WebAuthn's own types, which say nothing of other keys. */
export function toBegun({ ceremony, options }: { ceremony: string; options: object }) {
  return { ceremony, options: { ...options } };
}
