import type { Method, Network, Party } from "@daybook/contract";

/** A person of the made-up department, or one who writes to it. Numbers are from ranges kept for fiction. */
export interface Character {
  readonly name: string;
  readonly number: string;
  /** Their account on Signal: a UUID that nobody has. */
  readonly aci: string;
}

export const people = {
  minister: {
    name: "Morag Sutherland",
    number: "+447700900101",
    aci: "cfdc0f2e-f2e0-40a9-8bf4-970293b07c1f",
  },
  secretary: { name: "Tom Adeyemi", number: "+447700900102", aci: "1544cf32-50dd-41b6-ac57-a778210c07f2" },
  adviser: { name: "Isla Brennan", number: "+447700900103", aci: "26859acd-7b55-45ed-be64-b11805691335" },
  press: { name: "Raj Patel", number: "+447700900104", aci: "005d16fb-8f55-4544-8f9a-67fef09385a8" },
  harbour: {
    name: "Captain Ines Duarte",
    number: "+447700900201",
    aci: "3ed4712e-650f-45e8-a240-b4be73b148ac",
  },
  contractor: {
    name: "Finn Olsen (Northpier Ltd)",
    number: "+447700900202",
    aci: "c91f1c66-6340-452c-af7c-9202694d6d98",
  },
} as const satisfies Record<string, Character>;

export type Who = keyof typeof people;

/** One governed account: whose it is and how it is captured. */
export interface Account {
  readonly custodian: string;
  readonly network: Network;
  readonly method: Method;
  readonly id: string;
}

export const accounts = {
  ministerWhatsapp: {
    custodian: people.minister.name,
    network: "whatsapp",
    method: "linked-device",
    id: people.minister.number,
  },
  adviserSignal: {
    custodian: people.adviser.name,
    network: "signal",
    method: "linked-device",
    id: people.adviser.aci,
  },
  secretarySms: {
    custodian: people.secretary.name,
    network: "sms",
    method: "carrier",
    id: people.secretary.number,
  },
} as const satisfies Record<string, Account>;

export const conversations = {
  bridge: {
    id: "rehearsal-bridge",
    title: "Skerry Bridge: daily call",
    kind: "group",
    members: ["minister", "secretary", "adviser", "press"],
  },
  ferry: {
    // As Signal makes it of the master key.
    id: "H2ufxYY4eVA+z/qiqbAQgZ2ytkXPKCTgNYf+ZW1jy9w=",
    masterKey: "tzL0DqUxDYPVfQmtGbcQt/jFzkuPHnQuFBoUfdovIe0=",
    title: "Ferry contract",
    kind: "group",
    members: ["adviser", "press", "contractor"],
  },
  ines: {
    id: "rehearsal-ines",
    title: people.harbour.name,
    kind: "direct",
    members: ["secretary", "harbour"],
  },
  aside: {
    id: people.minister.aci,
    title: people.minister.name,
    kind: "direct",
    members: ["adviser", "minister"],
  },
} as const;

/** Somebody as a network knows them. */
export function party(who: Who, network: Network): Party {
  const { name, number, aci } = people[who];
  return { id: network === "signal" ? aci : number, name };
}
