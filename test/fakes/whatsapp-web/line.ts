import { randomBytes, randomUUID } from "node:crypto";
import type { Server } from "node:https";
import { type WebSocket, WebSocketServer } from "ws";
import type { Account } from "./account.ts";
import type { Behaviour } from "./behaviour.ts";
import type { NumberedEvent, PageFrame, ServerFrame, WireMessage } from "./wire.ts";

/** Events in one frame of a burst. */
const BURST = 500;

/** A page that is connected. */
interface Page {
  readonly socket: WebSocket;
  isSignedIn: boolean;
  qrKeys: string;
  /** What its QR code starts with; undefined once that is no longer good. */
  ref: string | undefined;
}

/** What pages asked of the server, oldest first. */
export interface Asked {
  /** Messages that arrived, sent by a page. */
  readonly sent: WireMessage[];
  /** Messages that a page sent and that were lost on their way. */
  readonly lost: WireMessage[];
  /** Ids of ciphertexts to send again. */
  readonly resends: string[];
  /** Chats whose history the phone was asked for. */
  readonly histories: string[];
  /** Chats that were marked as read: a connector that only reads asks for none. */
  readonly seen: string[];
  /** Presence that was shown: true is available. */
  readonly presence: boolean[];
  /** Modules that were required and are not there, as far as a connected page could tell. */
  readonly missing: string[];
}

/** The server's end of the pages' WebSockets. */
export class Line {
  readonly asked: Asked = {
    sent: [],
    lost: [],
    resends: [],
    histories: [],
    seen: [],
    presence: [],
    missing: [],
  };
  readonly #pages = new Set<Page>();
  readonly #account: Account;
  readonly #behaviour: Behaviour;
  readonly #server: WebSocketServer;
  /** Called whenever a page signed in, left, or received something. */
  readonly #onChange: () => void;

  constructor(server: Server, account: Account, behaviour: Behaviour, onChange: () => void) {
    this.#account = account;
    this.#behaviour = behaviour;
    this.#onChange = onChange;
    this.#server = new WebSocketServer({ server, path: "/ws/chat", maxPayload: 64 * 1024 * 1024 });
    this.#server.on("connection", (socket) => {
      const page: Page = { socket, isSignedIn: false, qrKeys: "", ref: undefined };
      this.#pages.add(page);
      socket.on("close", () => {
        this.#pages.delete(page);
        onChange();
      });
      socket.on("message", (data: Buffer) => this.#take(page, JSON.parse(data.toString()) as PageFrame));
    });
  }

  get isOnline(): boolean {
    return this.#signedIn().length > 0;
  }

  close(): void {
    this.drop();
    this.#server.close();
  }

  /** Cuts the line of every page; they come back by themselves. */
  drop(): void {
    for (const { socket } of this.#pages) socket.terminate();
  }

  say(frame: ServerFrame): void {
    for (const page of this.#pages) send(page, frame);
  }

  tell(events: readonly NumberedEvent[]): void {
    for (let at = 0; at < events.length; at += BURST) {
      const frame = { t: "events" as const, events: events.slice(at, at + BURST) };
      for (const page of this.#signedIn()) send(page, frame);
    }
  }

  /** @throws {Error} when no page shows such a code, or its time is over */
  scan(qr: string): void {
    const page = this.#unlinked().find(({ ref, qrKeys }) => ref !== undefined && qr === `${ref},${qrKeys}`);
    if (!page) throw new Error("WhatsApp refuses this QR code: no page shows it, or its time is over");
    this.#link([page]);
  }

  /** Links every page that waits for it, whatever its code. */
  pair(): void {
    this.#link(this.#unlinked());
  }

  rotate(): void {
    for (const page of this.#unlinked()) this.#show(page, "ref");
  }

  /** Nobody scanned for long: the codes are no longer good, and new ones come only to who asks. */
  idle(): void {
    for (const page of this.#unlinked()) {
      page.ref = undefined;
      send(page, { t: "state", state: "UNPAIRED_IDLE" });
    }
  }

  logOut(): void {
    this.#account.creds = undefined;
    for (const page of this.#signedIn()) {
      page.isSignedIn = false;
      send(page, { t: "logout" });
    }
  }

  #signedIn = () => [...this.#pages].filter(({ isSignedIn }) => isSignedIn);
  #unlinked = () => [...this.#pages].filter(({ isSignedIn, qrKeys }) => !isSignedIn && qrKeys !== "");

  #link(pages: readonly Page[]): void {
    if (pages.length === 0) throw new Error("no page waits to be linked");
    this.#account.creds = randomUUID();
    for (const page of pages) {
      page.ref = undefined;
      send(page, { t: "paired", creds: this.#account.creds });
    }
  }

  #show(page: Page, t: "unpaired" | "ref"): void {
    page.ref = `2@${randomBytes(24).toString("base64url")}`;
    send(page, { t, ref: page.ref });
  }

  #signIn(page: Page): void {
    const { me, lid, pushname, people, chats, unreceived } = this.#account;
    page.isSignedIn = true;
    send(page, { t: "login", me, lid, pushname, people, chats });
    for (let at = 0; at < unreceived.length; at += BURST) {
      const progress = Math.min(100, Math.round((100 * (at + BURST)) / unreceived.length));
      send(page, { t: "offline", events: unreceived.slice(at, at + BURST), progress });
    }
    if (unreceived.length === 0) send(page, { t: "offline", events: [], progress: 100 });
    if (!this.#behaviour.holdsSync) send(page, { t: "synced" });
    this.#onChange();
  }

  #hello(page: Page, { creds, qrKeys }: Extract<PageFrame, { t: "hello" }>): void {
    page.qrKeys = qrKeys;
    if (creds !== undefined && creds === this.#account.creds) this.#signIn(page);
    else if (creds !== undefined && this.#behaviour.endedSession === "logout") send(page, { t: "logout" });
    else this.#show(page, "unpaired");
  }

  #take(page: Page, frame: PageFrame): void {
    const { asked } = this;
    if (frame.t === "hello") this.#hello(page, frame);
    else if (frame.t === "refreshQR") this.#show(page, "ref");
    else if (frame.t === "takeover") send(page, { t: "state", state: "CONNECTED" });
    else if (frame.t === "logout") this.logOut();
    else if (frame.t === "received") {
      if (this.#behaviour.heedsReceipts) this.#account.received(frame.ns);
      this.#onChange();
    } else if (frame.t === "resend") asked.resends.push(...frame.ids);
    else if (frame.t === "seen") asked.seen.push(frame.chat);
    else if (frame.t === "presence") asked.presence.push(frame.available);
    else if (frame.t === "missing") asked.missing.push(frame.name);
    else this.#answer(page, frame);
  }

  #answer(page: Page, frame: Extract<PageFrame, { request: number }>): void {
    const answer = (value: unknown) => send(page, { t: "answer", request: frame.request, value });
    const { answersHistory, historyPage, sending } = this.#behaviour;
    if (frame.t === "send") {
      if (sending === "refused") answer("ERROR_UNKNOWN");
      if (sending === "lost") this.asked.lost.push(frame.message);
      if (sending === "refused" || sending === "lost") return;
      this.asked.sent.push(frame.message);
      this.#account.remember([{ ...frame.message, ack: 1 }]);
      if (sending === "sent") answer("OK");
    } else if (frame.t === "messages") answer(this.#account.lookUp(frame.ids));
    else if (frame.t === "syncHistory") {
      this.asked.histories.push(frame.chat);
      this.#account.syncFromPhone(frame.chat);
      answer(null);
    } else if (answersHistory) answer(this.#account.earlier(frame.chat, frame.before, historyPage));
  }
}

function send({ socket }: Page, frame: ServerFrame): void {
  if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(frame));
}
