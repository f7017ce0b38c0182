import { Daybook } from "../e2e/support/daybook.ts";
import type { Rehearsed } from "./steps.ts";

// `npm run rehearse:NAME`: everything on this machine, in a folder that is removed afterwards.
type Rehearse = (daybook: Daybook, say: (line: string) => void) => Promise<Rehearsed>;
const REHEARSALS: Readonly<Record<string, { of: string; load: () => Promise<Rehearse> }>> = {
  signal: { of: "Signal", load: async () => (await import("./signal.ts")).rehearseSignal },
  email: { of: "e-mail", load: async () => (await import("./email.ts")).rehearseEmail },
  imessage: { of: "iMessage", load: async () => (await import("./imessage.ts")).rehearseIMessage },
  "imessage-import": {
    of: "iMessage",
    load: async () => (await import("./imessage-import.ts")).rehearseIMessageImport,
  },
  sms: { of: "SMS", load: async () => (await import("./sms.ts")).rehearseSms },
  whatsapp: { of: "WhatsApp", load: async () => (await import("./whatsapp.ts")).rehearseWhatsApp },
};

const chosen = REHEARSALS[process.argv[2] ?? ""];
if (!chosen) {
  console.error(`what is rehearsed is one of: ${Object.keys(REHEARSALS).join(", ")}`);
  process.exit(2);
}
const rehearse = await chosen.load();
const daybook = new Daybook();
const began = Date.now();
try {
  const { byKind, verified } = await rehearse(daybook, (line) => console.log(line));
  const kinds = Object.entries(byKind).map(([kind, n]) => `${n} ${kind}`);
  console.log(`In it of ${chosen.of}: ${kinds.join(", ")}.`);
  console.log(verified.trimEnd());
  console.log(`It took ${Math.round((Date.now() - began) / 1_000)} s.`);
} finally {
  await daybook.remove();
}
process.exit(0);
