import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readChat, StateFile } from "@daybook/keeping";
import type { Kind } from "../../src/account/kept.ts";
import { LookAgain, type Looked } from "../../src/account/look-again.ts";
import { WebError } from "../../src/error.ts";
import { FERGUS, KEY } from "../support/office.ts";

const NOW = Date.parse("2026-03-04T09:00:00Z");
const HOUR_MS = 3_600_000;

it("lets a chat be answered of which a gap alone is on record", async () => {
  const dir = mkdtempSync(join(tmpdir(), "daybook-look-"));
  const state = StateFile.open<Kind>({
    ...{ path: join(dir, "state"), key: KEY, label: "test", whose: "the test", now: () => new Date(NOW) },
  });
  /** Of one chat, which it cannot show. */
  const page = {
    ask: (what: string) => {
      if (what === "loadBack") return Promise.reject(new WebError("unavailable", "not shown"));
      if (what === "chats") return Promise.resolve([{ id: FERGUS, title: "Fergus", t: NOW / 1_000 }]);
      return Promise.resolve(what === "forgotten" ? { found: [] } : undefined);
    },
  } as Looked;
  const known: unknown[] = [];
  const lookAgain = new LookAgain({
    state,
    intake: { passed: () => Promise.resolve() },
    since: NOW - HOUR_MS,
    excludes: () => Promise.resolve(false),
    gap: (_, place) => {
      known.push(place && readChat(state, place.conversation.id));
      return Promise.resolve();
    },
    now: () => new Date(NOW),
  });
  await lookAgain.run(page, new AbortController().signal);
  state.close();
  rmSync(dir, { recursive: true });

  expect(known).toEqual([{ id: FERGUS, title: "Fergus", kind: "direct" }]);
});
