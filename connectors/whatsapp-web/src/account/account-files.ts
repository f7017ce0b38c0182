import { existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { ConnectorError } from "@daybook/contract";
import { isBusy, type Log, StateFile } from "@daybook/keeping";
import { SealedProfile } from "../profile/sealed-profile.ts";
import type { AccountState, Kind } from "./kept.ts";

const SUFFIX = ".account";

/** What is kept of accounts on disk, by names that say nothing of whose they are: what is remembered, and the sealed session. */
export class AccountFiles {
  readonly #dir: string;
  readonly #key: Uint8Array;
  readonly #log: Log;
  readonly #now: () => Date;

  /** @param of `key`: 32 bytes */
  constructor(of: { dir: string; key: Uint8Array; log: Log; now: () => Date }) {
    this.#dir = of.dir;
    this.#key = of.key;
    this.#log = of.log;
    this.#now = of.now;
    mkdirSync(of.dir, { recursive: true, mode: 0o700 });
  }

  get names(): string[] {
    const files = readdirSync(this.#dir).filter((file) => file.endsWith(SUFFIX));
    return files.sort().map((file) => file.slice(0, -SUFFIX.length));
  }

  /** @throws {ConnectorError} `malformed` */
  open(name: string): AccountState {
    return StateFile.open<Kind>(this.#options(name));
  }

  /**
   * A file that cannot be read is set aside, for it may yet be read elsewhere: the account is linked all the same.
   *
   * @throws {ConnectorError} `link-refused` where another process has it
   */
  openForLink(name: string): AccountState {
    try {
      return this.open(name);
    } catch (cause) {
      if (!(cause instanceof ConnectorError)) throw cause;
      if (isBusy(cause.cause))
        throw new ConnectorError(
          "link-refused",
          "the account is captured by another process of Daybook: link it there, or stop that one first",
          { cause },
        );
      const { path } = this.#options(name);
      for (const part of ["", "-wal", "-shm"]) {
        const aside = `${path}.${this.#now().getTime()}.unreadable${part}`;
        if (existsSync(`${path}${part}`)) renameSync(`${path}${part}`, aside);
      }
      this.#log.error(
        {},
        "an account's file that cannot be read was set aside, for the account is linked again",
      );
      return this.open(name);
    }
  }

  sealed(name: string): SealedProfile {
    return new SealedProfile(join(this.#dir, `${name}.session`), this.#key);
  }

  #options(name: string) {
    return {
      path: join(this.#dir, `${name}${SUFFIX}`),
      key: this.#key,
      label: "daybook whatsapp web account v1",
      whose: "WhatsApp's connector",
      now: this.#now,
    };
  }
}
