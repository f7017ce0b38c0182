import { Daybook } from "../e2e/support/daybook.ts";
import { rehearseSignal } from "./signal.ts";

// `npm run rehearse:signal`: everything on this machine, in a folder that is removed afterwards.
const daybook = new Daybook();
const began = Date.now();
try {
  const { byKind, verified } = await rehearseSignal(daybook, (line) => console.log(line));
  const kinds = Object.entries(byKind).map(([kind, n]) => `${n} ${kind}`);
  console.log(`In it of Signal: ${kinds.join(", ")}.`);
  console.log(verified.trimEnd());
  console.log(`It took ${Math.round((Date.now() - began) / 1_000)} s.`);
} finally {
  await daybook.remove();
}
process.exit(0);
