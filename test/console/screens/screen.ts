import type { ApiClient, Role } from "@daybook/runtime";
import type { Page } from "playwright-core";

/** The sample, with the made-up week in it, and somebody of each role. */
export interface Stage {
  readonly url: string;
  /** The trial's address, which lets whoever has it be any of its people. */
  readonly entry: string;
  /** The API, asked as somebody with this role. The custodian is Isla Brennan. */
  api(as: Role): ApiClient;
  /** An open matter. */
  readonly matter: string;
  /** A folder for files. */
  readonly dir: string;
}

/** One state of one page, to be looked at. */
export interface Screen {
  /** The page, as the console's router has its path. */
  readonly page: string;
  /** What is special about it here: part of the picture's name. */
  readonly state: string;
  readonly as: Role | "nobody";
  /** Where it is: what must be there first is made here. */
  open(stage: Stage): string | Promise<string>;
  /** What somebody does on it before it is looked at. */
  readonly act?: ((page: Page, stage: Stage) => Promise<void>) | undefined;
  /** The status that it is answered with: 200 unless given. */
  readonly status?: number;
}
