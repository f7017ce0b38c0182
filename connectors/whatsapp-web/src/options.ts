import type { LinkHealth } from "@daybook/contract";
import type { Log, Waits } from "@daybook/keeping";

export interface WhatsAppWebOptions {
  /** Where the accounts' files are, on capture's own disk, which is durable. Only ciphertext is written there. */
  readonly dir: string;
  /** Where sessions are while their browsers run, for Chromium reads nothing that is encrypted: best in memory, never backed up. */
  readonly runningDir: string;
  /** 32 bytes: encrypts them. Whoever has it and the files is the officials on WhatsApp. */
  readonly key: Uint8Array;
  /** Path of Chromium; looked for among the commands unless given. */
  readonly chromium?: string | undefined;
  /** More of Chromium's arguments. */
  readonly chromiumArgs?: readonly string[];
  /** Whether Chromium shuts its pages in itself; not as root, unless given, for there it does not start so. */
  readonly sandbox?: boolean;
  /** Accounts, as their events name them, that may send. None, unless given: WhatsApp may block those that do. */
  readonly relay?: readonly string[];
  /** How long WhatsApp may take to answer a message that is sent before nobody knows whether it was; 45 seconds unless given. */
  readonly answerMs?: number;
  /** As WhatsApp lists the device on the phone. */
  readonly deviceName: string;
  /** Most memory of one account's browser, MiB; 1,536 unless given. */
  readonly memoryMiB?: number;
  /** Largest file of a message, MiB; 512 unless given: WhatsApp Web has it whole in memory, five times over for a moment. */
  readonly maxFileMiB?: number;
  /** Hour of the day, UTC, at which browsers are started anew, for they grow; 3 unless given. */
  readonly quietHour?: number;
  /** Between two looks through what a browser has of each chat; an hour unless given. */
  readonly lookEveryMs?: number;
  /** How long to wait between two attempts for a file. */
  readonly mediaWaits?: Waits;
  /** Between two looks whether a browser is alive; 30 seconds unless given. */
  readonly watchMs?: number;
  /** How long WhatsApp Web may take to load; 90 seconds unless given. */
  readonly loadMs?: number;
  /** How long older messages of a chat may take to load, before it is given up with a gap; 30 seconds unless given. */
  readonly historyMs?: number;
  /** How long to wait before a session that ended by itself is started again. */
  readonly restartWaits?: Waits;
  /**
   * Milliseconds before an account that WhatsApp does not let in is tried again; a quarter of an hour while it is open
   * elsewhere, else an hour, unless given.
   */
  readonly heldMs?: number;
  readonly log: Log;
  readonly now?: () => Date;
  /** Told of each change of a link. */
  readonly onHealth?: (health: LinkHealth) => void;
}
