import { ROLES } from "@daybook/runtime";
import { z } from "zod";

export const person = z.object({
  id: z.string(),
  name: z.string(),
  roles: z.array(z.enum(ROLES)),
  custodians: z.array(z.string()),
  addedAt: z.string(),
  endedAt: z.string().nullable(),
  passkeys: z.int(),
  directory: z.boolean(),
  invitedUntil: z.string().nullable(),
});
export type Person = z.infer<typeof person>;

export const personList = z.object({ persons: z.array(person), next: z.string().nullable() });
export const invitation = z.object({ link: z.string(), expiresAt: z.string() });
export const added = z.object({ person, invitation: invitation.nullable() });
