import type { Bench } from "../figure.ts";
import { importing } from "./importing.ts";
import { polling } from "./polling.ts";

/** What reading a database of Messages costs. */
export const IMESSAGE: Readonly<Record<string, Bench>> = {
  "importing-messages": importing,
  "polling-messages": polling,
};
