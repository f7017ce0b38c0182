import { randomBytes } from "node:crypto";
import { userInfo } from "node:os";
import type { Home } from "@daybook/compose";
import type { SignInOptions } from "@daybook/records";
import { accounts } from "@daybook/rehearsal";

/** Where a person opens the console of this start. */
export interface Entry {
  readonly address: string;
  /** Whether the address lets whoever has it in: as the first administrator, or as anybody of a trial. */
  readonly lets: "nobody" | "first" | "trial";
}

/** Nobody of this department exists: the official is one whose week is made up. */
const TRIAL_PEOPLE: NonNullable<SignInOptions["trial"]>["people"] = [
  {
    name: accounts.ministerWhatsapp.custodian,
    roles: ["custodian"],
    custodian: accounts.ministerWhatsapp.custodian,
  },
  { name: "Priya Nair", roles: ["records-officer"] },
  { name: "Joan Whyte", roles: ["reviewer"] },
  { name: "Alasdair Munro", roles: ["auditor"] },
  { name: "Chidi Okafor", roles: ["administrator"] },
];

/**
 * How people sign in on this machine: with passkeys, the first of them by a link; in a trial, as people who are made up.
 *
 * @param origin of the console, as a browser on this machine has it
 * @returns the options, and where to go, which is settled when the records service is ready
 */
export function signInAt({ facts }: Home, origin: string): { options: SignInOptions; entry: () => Entry } {
  if (facts.sample) {
    const token = randomBytes(32).toString("base64url");
    return {
      options: { origin, trial: { token, people: TRIAL_PEOPLE } },
      entry: () => ({ address: `${origin}/sign-in/trial?start=${token}`, lets: "trial" }),
    };
  }
  let entry: Entry = { address: `${origin}/sign-in`, lets: "nobody" };
  return {
    options: {
      origin,
      // The machine's owner is one person, whether they sign in or give commands.
      first: { name: userInfo().username },
      onFirstLink: (address) => (entry = { address, lets: "first" }),
    },
    entry: () => entry,
  };
}
