import type { Entry } from "./sign-in.ts";

const SIGN_IN: Readonly<Record<Entry["lets"], readonly string[]>> = {
  nobody: ["Open  ADDRESS"],
  first: [
    "Sign in as the first administrator, in a browser on this machine:",
    "",
    "  ADDRESS",
    "",
    "It is good once, for 72 hours, and for whoever has it: show it to nobody. Without it, start again for another.",
  ],
  trial: [
    "Open this in a browser on this machine, and choose who you are:",
    "",
    "  ADDRESS",
    "",
    "It lets in WHOEVER HAS IT, as any of five made-up people. Only a trial has such an address, and it has one until",
    "it stops.",
  ],
};

/** What `daybook up` says the first time. @param files of the keys, absolute */
export function firstStart(home: string, files: readonly string[], sample: boolean): string {
  const kept = sample
    ? ["This is a trial: the passphrase lies beside the key and protects nothing."]
    : [
        "The private key is under your passphrase. Copy these files to a safe place, and keep the passphrase elsewhere.",
        "WHO LOSES THEM LOSES THE ARCHIVE: nobody can read it again.",
      ];
  return [
    `Made a new archive in ${home}`,
    "",
    "Its keys:",
    ...files.map((file) => `  ${file}`),
    ...kept,
    "",
    "Everything runs in one process here, with all powers. The object store is a directory: root can alter it,",
    "and the signed log will show it.",
    "",
  ].join("\n");
}

/** What it says when everything answers. @param lets whom the address of the console lets in */
export function ready(
  at: {
    url: string;
    signIn: string;
    operations: string;
    home: string;
    sample: boolean;
    vkeys: readonly string[];
    /** Names of connectors. */
    captures: readonly string[];
  },
  lets: Entry["lets"],
): string {
  return [
    ...SIGN_IN[lets].map((line) => line.replace("ADDRESS", () => at.signIn)),
    "",
    `${at.sample ? "Daybook, a TRIAL archive," : "Daybook"} answers at ${at.url}`,
    `  home        ${at.home}`,
    `  operations  ${at.operations} (healthz, readyz, metrics)`,
    `  log         ${at.home}/logs/daybook.log`,
    ...(at.captures.length === 0
      ? []
      : [`  captures    ${at.captures.join(", ")} (how each link stands: daybook link list)`]),
    `  token       ${at.home}/run/token (the commands below find it)`,
    "  log keys    give these to your auditors, outside this machine:",
    ...at.vkeys.map((vkey) => `              ${vkey}`),
    "",
  ].join("\n");
}

/** What to try in a trial. @param matter an open matter's id @param signIn the address that lets in */
export function tryNext(events: number, matter: string, signIn: string): string {
  return [
    `A made-up department's week is in: ${events} events, sealed, written once and logged.`,
    "Every message, name and number in it is invented. In a browser on this machine:",
    "",
    `  ${signIn}`,
    "",
    "Or in another terminal, in this folder:",
    "",
    `  npx daybook search ferry --matter ${matter}`,
    `  npx daybook search '"north pier"' --matter ${matter}`,
    `  npx daybook export --matter ${matter} --out evidence`,
    "  npx daybook verify evidence",
    "  (cd evidence && sha256sum -c manifest-sha256.txt)",
    "",
    "Your own WhatsApp export:",
    `  npx daybook import "WhatsApp Chat with X.txt" --custodian "Your Name"`,
    "",
    "A real, empty archive: npx daybook up. Stop this one with Ctrl-C.",
    "",
  ].join("\n");
}
