import type { Bench } from "../figure.ts";
import { acknowledgement } from "./acknowledgement.ts";
import { archiving } from "./archiving.ts";
import { million } from "./million.ts";
import { parsing } from "./parsing.ts";
import { signedIn } from "./signed-in.ts";
import { reading } from "./reading.ts";
import { starting } from "./starting.ts";

/** Everything between an export and a verified package. */
export const SPINE: Readonly<Record<string, Bench>> = {
  archiving,
  acknowledgement,
  parsing,
  million,
  "signed-in": signedIn,
  reading,
  starting,
};
