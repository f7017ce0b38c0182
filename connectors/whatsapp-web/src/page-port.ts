/** An observation in the page's queue, and its place there: see `observation.ts`. */
export interface Queued {
  /** Places only grow while the page's database lives; below zero for what is in its memory alone. */
  readonly n: number;
  /** The JSON, as the page wrote it: the evidence. */
  readonly raw: string;
}

/** How the page stands. */
export interface PageHealth {
  /** WhatsApp's own word: `CONNECTED`, `UNPAIRED`, `CONFLICT`, … */
  readonly state: string;
  readonly hasSynced: boolean;
  /** Of WhatsApp Web; empty where the page does not say. */
  readonly version: string;
  /** When the page was loaded, milliseconds since 1970. */
  readonly since: number;
  /** Observations that a crash of the browser would lose now. */
  readonly unkept: number;
  /** What is watched: `messages`, `chats`, `reactions`, `votes`, `calls`. */
  readonly watched: readonly string[];
  /** When something was last heard, milliseconds since 1970; 0 for never. */
  readonly lastAt: number;
}

export type OpenedMedium =
  | { readonly state: "had"; readonly sizeBytes: number }
  | { readonly state: "later" | "never"; readonly why: string };

/** `told`: it is in the queue, as it was when WhatsApp had answered, or had not in time. */
export type Sent = "told" | "no-chat" | "not-sent";

/** What whoever drives the page may ask of it, by `window.daybook`. */
export interface PagePort {
  /** The oldest of the queue, in order; waits a while for the first. Handed over again until they are `done`. */
  readonly take: (most: number, mostCharacters: number, waitMs: number) => Promise<Queued[]>;
  /** They are safe outside: forgotten. Repeatable. */
  readonly done: (places: readonly number[]) => Promise<void>;
  readonly health: () => PageHealth;
  /** Of WhatsApp Web; empty where the page does not say. */
  readonly version: () => string;
  /** Whose account it is: by its number, and by the id that hides it. */
  readonly me: () => { readonly pn?: string; readonly lid?: string; readonly name: string };
  /** Tells whatsapp-web.js that WhatsApp Web has synced, where it was not there to hear it. */
  readonly sayReady: () => void;
  /** What Daybook needs of WhatsApp Web and is not there, as `module` or `module.member`. */
  readonly missingModules: () => string[];
  /** A new code to scan, where WhatsApp has stopped to make them. */
  readonly refreshCode: () => void;
  /** Chats and when something last happened in them, seconds since 1970; newest first. */
  readonly chats: () => { readonly id: string; readonly title: string; readonly t: number }[];
  /** Loads a chat's messages until there are as many, or no more come. */
  readonly loadBack: (
    chat: string,
    least: number,
  ) => Promise<{ readonly loaded: number; readonly isAll: boolean }>;
  /** Messages of a chat as observations, newest first, from so many before the last. */
  readonly found: (chat: string, from: number, most: number) => string[];
  /**
   * Messages that were in the page's memory and are no more, as its database has them, from a place on that the last
   * answer told; 0 to begin.
   *
   * @returns `next`: undefined when that is all
   */
  readonly forgotten: (
    from: number,
    most: number,
  ) => Promise<{ readonly found: readonly string[]; readonly next?: number }>;
  /** Puts messages into the queue, in this order, as they are now and as found: what is heard of them comes before or after. */
  readonly note: (ids: readonly string[]) => Promise<void>;
  /** Puts a mark into the queue: once that is recorded, so is all that was put there before. */
  readonly mark: (name: string) => void;
  /** Asks the phone for the messages that could not be decrypted. @returns how many there are */
  readonly askAgain: () => number;
  /** Gets and decrypts a message's medium, to be read in slices. */
  readonly openMedia: (message: string, mostBytes: number) => Promise<OpenedMedium>;
  /** @returns base64 */
  readonly sliceOfMedia: (message: string, from: number, bytes: number) => Promise<string>;
  readonly closeMedia: (message: string) => void;
  /** For the next message that is sent; null while nothing can be. */
  readonly newMessageId: () => Promise<string | null>;
  /** Sends a text under such an id. Resolves once it is told of, answered or not. */
  readonly send: (chat: string, text: string, id: string, withinMs: number) => Promise<Sent>;
}
