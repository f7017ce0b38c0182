import type { Bench } from "../figure.ts";
import { journals } from "./journals.ts";

/** How fast a mail server is answered that sends the journal. */
export const EMAIL: Readonly<Record<string, Bench>> = { "email-journals": journals };
