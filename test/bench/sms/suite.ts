import type { Bench } from "../figure.ts";
import { capturing } from "./capturing.ts";

/** How fast an aggregator is answered, by what it may have unanswered. */
export const SMS: Readonly<Record<string, Bench>> = { "sms-capturing": capturing };
