import { ROLES } from "@daybook/runtime";
import { z } from "zod";

const roles = z.array(z.enum(ROLES));

/** In which ways people sign in. */
export const ways = z.object({
  sample: z.boolean(),
  passkey: z.boolean(),
  oidc: z.object({ name: z.string() }).nullable(),
  trial: z.boolean(),
});

/** What a browser's authenticator is asked. */
export const begun = z.object({ ceremony: z.string(), options: z.record(z.string(), z.unknown()) });

/** Somebody who is signed in from now on. */
export const session = z.object({ token: z.string() });

export const leaving = z.object({ ceremony: z.string(), url: z.url({ protocol: /^https?$/ }) });
export const invited = z.object({ name: z.string(), roles, expiresAt: z.string() });
export const trialPeople = z.object({
  people: z.array(z.object({ id: z.string(), name: z.string(), roles })),
});
