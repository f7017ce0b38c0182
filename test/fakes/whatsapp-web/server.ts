import { EventEmitter, once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeAuthority } from "@daybook/lab";
import { Account } from "./account.ts";
import { type Behaviour, usualBehaviour } from "./behaviour.ts";
import { keyOf } from "./changes.ts";
import { type Asked, Line } from "./line.ts";
import { MediaStore } from "./media.ts";
import type { MessageEvent } from "./messages.ts";
import { type People, serialized, type WireEvent, type WireKey } from "./wire.ts";

const PAGE = join(import.meta.dirname, "page");
const HTML = { "content-type": "text/html; charset=utf-8" };

/** WhatsApp's server for WhatsApp Web, with one account: see the README beside this file. */
export class WhatsAppWebServer {
  readonly behaviour: Behaviour = usualBehaviour();
  readonly media = new MediaStore();
  /** Paths that were asked for over HTTP, oldest first. */
  readonly requests: string[] = [];
  readonly account: Account;
  readonly #server: Server;
  readonly #line: Line;
  readonly #scripts: ReadonlyMap<string, string>;
  readonly #changes = new EventEmitter();

  private constructor(server: Server, account: Account, scripts: ReadonlyMap<string, string>) {
    this.#server = server;
    this.account = account;
    this.#scripts = scripts;
    this.#line = new Line(server, account, this.behaviour, () => this.#changes.emit("change"));
    this.#changes.setMaxListeners(0);
    server.on("connection", (socket: Socket) => {
      if (!this.behaviour.accepts) socket.destroy();
    });
    server.on("request", (request: IncomingMessage, response: ServerResponse) =>
      this.#respond(request.url ?? "/", response),
    );
  }

  /** @param of who the account is, where two of them meet */
  static async start(of: { me?: string; lid?: string; pushname?: string } = {}): Promise<WhatsAppWebServer> {
    const dir = await mkdtemp(join(tmpdir(), "whatsapp-web-"));
    const authority = await makeAuthority(dir);
    const names = ["DNS:web.whatsapp.com"];
    const { key, certificate } = await authority.issue({ subject: "web.whatsapp.com", names });
    await rm(dir, { recursive: true });
    const scripts = new Map<string, string>();
    for (const name of await readdir(PAGE)) {
      scripts.set(`/page/${name}`, await readFile(join(PAGE, name), "utf8"));
    }
    const server = createServer({ key, cert: certificate });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new WhatsAppWebServer(server, new Account(of), scripts);
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    this.#line.close();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** What Chromium must be started with to take this server for WhatsApp. */
  get chromiumArgs(): string[] {
    const rule = `MAP web.whatsapp.com:443 127.0.0.1:${this.port}`;
    return [`--host-resolver-rules=${rule}`, "--ignore-certificate-errors"];
  }

  /** What the pages asked for. */
  get asked(): Asked {
    return this.#line.asked;
  }

  get isOnline(): boolean {
    return this.#line.isOnline;
  }

  // Linking.

  /**
   * The phone scans a QR code.
   *
   * @throws {Error} when no page shows that code, or its time is over: WhatsApp's reference rotates
   */
  scan(qr: string): void {
    this.#line.scan(qr);
  }

  /** Links the pages that show a QR code, whatever it is. @throws {Error} when there is none */
  pair(): void {
    this.#line.pair();
  }

  rotateQr(): void {
    this.#line.rotate();
  }

  /** UNPAIRED_IDLE: the codes shown are no longer good, and a page gets a new one only when it asks. */
  idleQr(): void {
    this.#line.idle();
  }

  /** The phone removes the linked device; a page that is away learns of it when it comes (`endedSession`). */
  logOut(): void {
    this.#line.logOut();
  }

  // What happens to the account.

  /** Lets an event happen. It is kept until a page says that it received it. */
  deliver<Event extends WireEvent>(event: Event): Event {
    this.deliverMany([event]);
    return event;
  }

  /** Lets events happen in their order, in as few frames as hold them. */
  deliverMany(events: readonly WireEvent[]): void {
    this.#line.tell(events.map((event) => this.account.occur(event)));
    const changed = new Set(
      events.flatMap((e) => (e.op === "message" && e.message.type === "gp2" ? [e.message.id.remote] : [])),
    );
    if (changed.size === 0) return;
    this.#line.say({ t: "chats", chats: this.account.chats.filter(({ id }) => changed.has(id)) });
  }

  /** Has messages of before: they come only to who asks for a chat's older messages. */
  remember(messages: readonly MessageEvent[]): void {
    this.account.remember(messages.map(({ message }) => message));
  }

  /** As `remember`, but on the phone, until a page asks the phone for the chat's history. */
  rememberOnPhone(messages: readonly MessageEvent[]): void {
    this.account.rememberOnPhone(messages.map(({ message }) => message));
  }

  /** Makes people known, or the phone numbers behind hidden ids. */
  introduce(people: Partial<People>): void {
    this.account.know(people);
    this.#line.say({ t: "people", ...this.account.people });
  }

  // What happens to the pages.

  /** Cuts every page's line; they connect again after 200 ms, if `behaviour.accepts`. */
  dropLine(): void {
    this.#line.drop();
  }

  /** The pages' socket is in another state: CONFLICT, TIMEOUT, UNLAUNCHED, DEPRECATED_VERSION, ... */
  setState(state: string): void {
    this.#line.say({ t: "state", state });
  }

  /** `hasSynced` at last, where `behaviour.holdsSync` kept it back. */
  sync(): void {
    this.#line.say({ t: "synced" });
  }

  /** `hasSynced` goes and comes again. */
  resync(): void {
    this.#line.say({ t: "resync" });
  }

  reloadPage(): void {
    this.#line.say({ t: "reload" });
  }

  addIframe(): void {
    this.#line.say({ t: "iframe" });
  }

  /** Drops a message from the pages' memory, without an event. */
  forget(about: MessageEvent | WireKey): void {
    this.#line.say({ t: "forget", id: serialized(keyOf(about)) });
  }

  // What a test waits for.

  /** Resolves once a page is signed in. */
  async online(): Promise<void> {
    await this.#until(() => this.isOnline);
  }

  /** Resolves once a page has received everything that happened. */
  async received(): Promise<void> {
    await this.#until(() => this.account.unreceived.length === 0);
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds()) await once(this.#changes, "change");
  }

  #respond(url: string, response: ServerResponse): void {
    this.requests.push(url);
    const path = url.split("?")[0]!;
    const script = this.#scripts.get(path);
    const file = this.media.get(path);
    if (path === "/" && !this.behaviour.answersPage) return;
    if (path === "/") response.writeHead(200, HTML).end(this.#page());
    else if (path === "/frame") response.writeHead(200, HTML).end("<!doctype html><title>frame</title>");
    else if (script !== undefined) response.writeHead(200, { "content-type": "text/javascript" }).end(script);
    else if (file) response.writeHead(200, { "content-type": "application/octet-stream" }).end(file);
    else response.writeHead(404).end();
  }

  #page(): string {
    const { version = null, without, syncedEarly } = this.behaviour;
    const settings = JSON.stringify({ version, without, syncedEarly });
    return [
      "<!doctype html><title>WhatsApp</title><body>",
      `<script type="application/json" id="settings">${settings}</script>`,
      '<script type="module" src="/page/main.js"></script>',
    ].join("\n");
  }
}
