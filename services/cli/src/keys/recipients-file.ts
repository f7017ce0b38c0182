import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setInterval } from "node:timers/promises";
import { formatRecipients, readRecipients, type Recipient, type RecipientList } from "@daybook/openpgp";
import type { Logger } from "@daybook/runtime";
import { CliError } from "../error.ts";
import { writeDurably } from "./write-durably.ts";

/** How often a file of recipients is read again. A date in it counts from its instant on. */
const REFRESH_MS = 15_000;

/**
 * To whom the archive is encrypted, in a file that may be replaced while it is in use: JSON with dates, or plain
 * armored public keys (`readRecipients` of the package openpgp says what each means). Holds no secret.
 */
export class RecipientsFile {
  readonly #path: string;
  #text: string;
  #list: RecipientList;

  private constructor(path: string, text: string, list: RecipientList) {
    this.#path = path;
    this.#text = text;
    this.#list = list;
  }

  /**
   * @param until read instead while there is no `path`
   * @throws {CliError} it is not there, or not a file of recipients, with the reason; none is in force yet
   */
  static async open(path: string, { until }: { until?: string } = {}): Promise<RecipientsFile> {
    try {
      const text = await readFile(until !== undefined && !existsSync(path) ? until : path, "utf8");
      const file = new RecipientsFile(path, text, await readRecipients(text));
      file.#list.inForce(new Date());
      return file;
    } catch (cause) {
      throw new CliError(`the recipients cannot be read from ${path}: ${(cause as Error).message}`, {
        cause,
      });
    }
  }

  get list(): RecipientList {
    return this.#list;
  }

  /** For `recipients` of the archiver and of whoever else encrypts. */
  inForce(now: Date): readonly Recipient[] {
    return this.#list.inForce(now);
  }

  /** Reads it again where it was changed. @throws when it cannot be read or is not what it should be: the old one stays */
  async refresh(): Promise<void> {
    const text = await readFile(this.#path, "utf8").catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return this.#text;
      throw error;
    });
    if (text === this.#text) return;
    this.#list = await readRecipients(text);
    this.#text = text;
  }

  /** Durable, and in force here, once resolved. */
  async replace(list: RecipientList): Promise<void> {
    const text = formatRecipients(list);
    await writeDurably(this.#path, text);
    this.#list = list;
    this.#text = text;
  }
}

/** Reads a file of keys again every few seconds until `signal` aborts. What cannot be read is an error in the log. */
export async function keepFresh(
  file: { refresh(): Promise<void> },
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const _ of setInterval(REFRESH_MS, undefined, { signal })) {
      await file.refresh().catch((err: unknown) => {
        log.error({ err }, "the archive's keys cannot be read again: those from before stay in force");
      });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
