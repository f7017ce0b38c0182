import type { Bench } from "../figure.ts";
import { capturing } from "./capturing.ts";
import { idling } from "./idling.ts";

/** What the Signal connector costs, against Signal's own mock server. */
export const SIGNAL: Readonly<Record<string, Bench>> = {
  "signal-capturing": capturing,
  "signal-accounts": idling,
};
