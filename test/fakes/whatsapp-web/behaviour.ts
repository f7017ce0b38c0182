/** How the fake behaves. A test changes it at any time; what concerns the page holds from its next load. */
export interface Behaviour {
  /** Page: `window.Debug.VERSION`; undefined: there is no `Debug`, and the library gives up. */
  version: string | undefined;
  /** Page: modules that this WhatsApp Web has not, or names otherwise. */
  without: string[];
  /** Page: `hasSynced` is set before it says CONNECTED, so before the library listens (its issue 3785). */
  syncedEarly: boolean;
  /** False: a page is asked for, and no answer ever comes. */
  answersPage: boolean;
  /** False: every connection is closed at once, as where nothing listens. */
  accepts: boolean;
  /** True: a page that signs in is CONNECTED, but `hasSynced` waits for `sync()`. */
  holdsSync: boolean;
  /** What a session gets that was ended while its page was away: a new QR code, or a logout. */
  endedSession: "unpaired" | "logout";
  /**
   * What becomes of a message that the page sends: sent and said so; refused; never arrived, or arrived, with no
   * answer either way.
   */
  sending: "sent" | "refused" | "lost" | "kept";
  /** False: who asks for older messages gets no answer. */
  answersHistory: boolean;
  /** How many older messages come at a time. */
  historyPage: number;
  /** False: whatever a page says it received is delivered again to the next one. */
  heedsReceipts: boolean;
}

export const usualBehaviour = (): Behaviour => ({
  version: "2.3000.1099999999",
  without: [],
  syncedEarly: false,
  answersPage: true,
  accepts: true,
  holdsSync: false,
  endedSession: "unpaired",
  sending: "sent",
  answersHistory: true,
  historyPage: 20,
  heedsReceipts: true,
});
