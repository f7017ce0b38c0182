import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { ConnectorError, type LinkStep } from "@daybook/contract";
import { type SessionsOptions, startProcess } from "./account/sessions.ts";
import type { WebProcess, WebProcessOptions } from "./process/web-process.ts";

/** WhatsApp shows another code by then. */
const CODE_MS = 60_000;

/** A phone that agreed, and the folder of its session, which no browser has open. */
export interface Linked {
  /** By which WhatsApp knows the account. */
  readonly wid: string;
  readonly lid?: string | undefined;
  readonly name: string;
  readonly dir: string;
}

type Said = Parameters<WebProcessOptions["heard"]>[0];

/**
 * Shows codes until a phone scans one. What comes meanwhile stays in the session.
 *
 * @throws {ConnectorError} `network-unavailable`, `link-refused`
 */
export async function* linkPhone(
  runningDir: string,
  options: SessionsOptions,
  now: () => Date,
  signal: AbortSignal,
): AsyncGenerator<LinkStep, Linked> {
  const dir = join(runningDir, `linking-${randomUUID()}`);
  const said: Said[] = [];
  let news = Promise.withResolvers<undefined>();
  const session: WebProcess = startProcess(dir, options, { isLinking: true }, (one) => {
    said.push(one);
    news.resolve(undefined);
  });
  const over = session.ended.then((ended) => ended);
  const give = () => session.kill();
  signal.addEventListener("abort", give, { once: true });
  let isKept = false;
  try {
    for (;;) {
      signal.throwIfAborted();
      const one = said.shift();
      if (one === undefined) {
        news = Promise.withResolvers();
        const ended = await Promise.race([news.promise, over]);
        signal.throwIfAborted();
        if (ended && said.length === 0) throw refusal(ended.why, ended.detail);
        continue;
      }
      if (one.t === "code")
        yield { step: "show", url: one.url, expiresAt: new Date(now().getTime() + CODE_MS) };
      if (one.t === "paired") yield { step: "linking" };
      if (one.t === "ended") throw refusal(one.why, one.detail);
      if (one.t !== "ready") continue;
      await session.stop();
      const wid = one.me.pn ?? one.me.lid;
      if (wid === undefined) throw refusal("broken", "WhatsApp Web does not say whose account it is");
      isKept = true;
      return { wid, lid: one.me.lid, name: one.me.name, dir };
    }
  } finally {
    signal.removeEventListener("abort", give);
    session.kill();
    await session.ended;
    if (!isKept) await rm(dir, { recursive: true, force: true });
  }
}

function refusal(why: string, detail: string): ConnectorError {
  if (why === "unsupported" || why === "blocked" || why === "logged-out")
    return new ConnectorError("link-refused", `WhatsApp cannot be linked: ${detail || why}`);
  return new ConnectorError("network-unavailable", `WhatsApp Web could not be reached: ${detail || why}`);
}
