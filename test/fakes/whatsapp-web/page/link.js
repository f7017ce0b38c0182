// The page's line to WhatsApp: JSON frames over one WebSocket, where the real one speaks Noise (`../wire.ts`).
import { createWid } from "./ids.js";
import { get, put, remove } from "./kept.js";
import { qrKeys } from "./linking.js";
import { putPeople } from "./mapping.js";
import { account, Cmd, Conn, forget, putChat, settings, Socket } from "./state.js";

const RECONNECT_MS = 200;
const PATIENCE_MS = 5_000;

let socket;
let isSignedIn = false;
let lastRequest = 0;
const requests = new Map();
/** Frames that wait for the line. */
let waiting = [];
/** Events that this page has applied already: WhatsApp says them again until it hears that they came. */
const applied = new Set();
let applyEvent;

/** Tells the server something once; what is said while the line is down is said after the next sign-in. */
export function tell(frame) {
  if (isSignedIn && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
  else waiting.push(frame);
}

/** As `tell`, for what needs nobody signed in, or nobody listening. */
export function tellNow(frame) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
}

/** Asks the server, and waits for as long as it takes. */
export function ask(frame) {
  lastRequest += 1;
  const id = lastRequest;
  return new Promise((resolve) => {
    requests.set(id, resolve);
    tell({ ...frame, request: id });
  });
}

export function reconnect() {
  socket?.close();
}

function take(events) {
  for (const { n, event } of events) {
    if (applied.has(n)) continue;
    applied.add(n);
    applyEvent(event);
  }
  tellNow({ t: "received", ns: events.map(({ n }) => n) });
}

function signIn({ me, lid, pushname, people, chats }) {
  isSignedIn = true;
  account.pn = createWid(me);
  account.lid = lid && createWid(lid);
  putPeople(people);
  for (const chat of chats) putChat(chat);
  Conn.set({ pushname, wid: account.pn });
  if (settings.syncedEarly) Socket.set({ hasSynced: true });
  Socket.set({ state: "CONNECTED" });
  for (const frame of waiting.splice(0)) tell(frame);
}

async function leave() {
  await remove("creds");
  Cmd.trigger("logout");
  setTimeout(() => location.assign("/?post_logout=1"), 50);
}

/**
 * The real page takes seconds to sync, so that the library listens by then. Here that is waited for, so that only
 * `syncedEarly` shows what happens where it does not.
 */
async function synced() {
  const end = Date.now() + PATIENCE_MS;
  while (!Socket.isHeard("change:hasSynced") && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  Socket.set({ hasSynced: true });
}

const on = {
  unpaired({ ref }) {
    void remove("creds");
    Conn.set({ ref });
    Socket.set({ state: "UNPAIRED" });
  },
  ref({ ref }) {
    Conn.set({ ref });
    if (Socket.state === "UNPAIRED_IDLE") Socket.set({ state: "UNPAIRED" });
  },
  async paired({ creds }) {
    Socket.set({ state: "PAIRING" });
    await put("creds", creds);
    await hello();
  },
  login: signIn,
  offline({ events, progress }) {
    take(events);
    account.offlineProgress = progress;
    Cmd.trigger("offline_progress_update_from_bridge");
  },
  synced,
  resync: () => Socket.set({ hasSynced: false }).set({ hasSynced: true }),
  state: ({ state }) => Socket.set({ state }),
  logout: leave,
  events: ({ events }) => take(events),
  people: putPeople,
  chats: ({ chats }) => chats.forEach(putChat),
  answer({ request, value }) {
    requests.get(request)?.(value);
    requests.delete(request);
  },
  forget: ({ id }) => forget(id),
  reload: () => location.reload(),
  iframe() {
    const frame = document.createElement("iframe");
    frame.src = "/frame";
    document.body.append(frame);
  },
};

async function hello() {
  tellNow({ t: "hello", creds: await get("creds"), qrKeys });
}

/** Opens the line, and opens it again whenever it is lost. */
export function connect(apply) {
  applyEvent = apply;
  Socket.set({ state: "OPENING" });
  socket = new WebSocket(`wss://${location.host}/ws/chat`);
  socket.addEventListener("open", hello);
  socket.addEventListener("message", ({ data }) => {
    const frame = JSON.parse(data);
    on[frame.t](frame);
  });
  socket.addEventListener("close", () => {
    isSignedIn = false;
    if (Socket.state === "CONNECTED") Socket.set({ state: "TIMEOUT" });
    setTimeout(() => connect(apply), RECONNECT_MS);
  });
}
