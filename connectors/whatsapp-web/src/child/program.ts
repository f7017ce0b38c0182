import { setTimeout as sleep } from "node:timers/promises";
import type { FromSession, ToSession } from "./protocol.ts";
import { Session } from "./session.ts";

// One account's session, in a process of its own: whatever the library or Chromium does, no other account is hurt. Begins
// with the first message; ends when it is told to, when the session ends, or with the process that started it.

const END_MS = 15_000;

let session: Session | undefined;

function tell(message: FromSession): void {
  if (process.connected) process.send?.(message);
}

async function end(code: number): Promise<never> {
  // Long enough for the last message to leave.
  await sleep(50);
  process.exit(code);
}

async function stop(): Promise<void> {
  setTimeout(() => process.exit(1), END_MS).unref();
  if (!session) return end(0);
  await session.stop();
}

process.on("message", (message: ToSession) => {
  if (message.t === "start" && !session) {
    session = new Session(message.settings, tell);
    void session.run().then(() => end(0));
  }
  if (message.t === "durable") session?.durable(message.batch);
  if (message.t === "ask") void session?.answer(message.id, message.what, message.args);
  if (message.t === "stop") void stop();
});
process.on("disconnect", () => process.exit(1));
process.on("SIGTERM", () => void stop());
process.on("SIGINT", () => undefined);
// The library's own handlers reject with nobody to hear: its session is over. What it says may quote messages.
process.on("unhandledRejection", () => {
  tell({ t: "ended", why: "broken", detail: "whatsapp-web.js failed" });
  void end(1);
});
