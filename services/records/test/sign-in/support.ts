import type { ApiClient } from "@daybook/runtime";
import type { Running } from "../support/deployment.ts";
import { SoftwareAuthenticator } from "../support/software-authenticator.ts";

export const ORIGIN = "https://daybook.example.gov";

export interface Signed {
  readonly token: string;
  readonly person: { readonly id: string; readonly name: string; readonly roles: readonly string[] };
  readonly endsAt: string;
}
interface Begun {
  readonly ceremony: string;
  readonly options: unknown;
}
export interface Added {
  readonly person: { readonly id: string };
  readonly invitation: { readonly link: string; readonly expiresAt: string };
}

/** What browsers do, and administrators. */
export function acts(running: () => Running) {
  const anybody = () => running().as("nobodys-token");
  const post = (path: `/${string}`, body?: object, by: ApiClient = anybody()): Promise<unknown> =>
    by.call("post", path, body === undefined ? {} : { body });
  const secretOf = (link: string) => new URL(link).hash.slice(1);

  const acting = {
    anybody,
    post,
    secretOf,
    add: async (name: string, roles: readonly string[], more: object = {}) =>
      (await post("/api/v1/persons", { name, roles, ...more }, running().owner)) as Added,
    beginInvited: async (invitation: string) =>
      (await post("/api/v1/sign-in/invitation/begin", { invitation })) as Begun,
    accept: async (link: string, authenticator = new SoftwareAuthenticator(ORIGIN)) => {
      const invitation = secretOf(link);
      const { ceremony, options } = await acting.beginInvited(invitation);
      const response = authenticator.create(options);
      const body = { invitation, ceremony, response, label: "Work laptop" };
      return { authenticator, signed: (await post("/api/v1/sign-in/invitation/finish", body)) as Signed };
    },
    /** A person with these roles, who has a passkey and is signed in. */
    somebody: async (name: string, roles: readonly string[], more: object = {}) => {
      const { person, invitation } = await acting.add(name, roles, more);
      return { ...person, ...(await acting.accept(invitation.link)) };
    },
    beginPasskey: async () => (await post("/api/v1/sign-in/passkey/begin")) as Begun,
    signIn: async (authenticator: SoftwareAuthenticator) => {
      const { ceremony, options } = await acting.beginPasskey();
      const response = authenticator.get(options);
      return (await post("/api/v1/sign-in/passkey/finish", { ceremony, response })) as Signed;
    },
    /** What the session's bearer is told they are. */
    self: (token: string) => running().as(token).call("get", "/api/v1/self"),
  };
  return acting;
}
