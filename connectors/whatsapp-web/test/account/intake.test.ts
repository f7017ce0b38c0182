import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Captured } from "@daybook/contract";
import { RecordingSink } from "@daybook/contract/testing";
import { readChat, StateFile } from "@daybook/keeping";
import { Intake, type IntakeOptions } from "../../src/account/intake.ts";
import type { AccountState, Kind } from "../../src/account/kept.ts";
import type { Observed } from "../../src/observation.ts";
import { ABOUT, came, DIRECT, found, key, message, observe, PEOPLE } from "../fixtures/observations.ts";
import { KEY, silent } from "../support/office.ts";

const LATEST = { latestEditMsgKey: key("3EB0E1"), latestEditSenderTimestampMs: 1_772_636_700_000 };
const changed = message({ body: "At noon", ...LATEST });
const deleted = message({ type: "revoked", subtype: "sender", body: "" });
const about = { people: PEOPLE, chat: DIRECT };
const heard = came(message({ body: "At two" }));
const seen = found(message({ body: "At two" }));
const edit = observe({ what: "edit", msg: changed, before: "At two", ...about });
const unheard = found(changed);
const removal = observe({ what: "revoked", msg: deleted, before: changed, ...about });
const waiting = came(message({ type: "ciphertext" }));
const decrypted = observe({ what: "decrypted", msg: message({ body: "At two" }), ...about });

/** When the process is killed. */
const MOMENTS = ["lost in the sink", "durable", "before it is remembered", "remembered"] as const;

class Killed extends Error {}

/** One process after another over what an account remembers, with one archive. */
class Lives {
  readonly dir = mkdtempSync(join(tmpdir(), "daybook-intake-"));
  readonly sink = new RecordingSink();

  async live(observed: readonly Observed[], dies?: (typeof MOMENTS)[number]): Promise<void> {
    const state = this.#open();
    const { sink } = this;
    const options: IntakeOptions = {
      ...{ state, log: silent, about: () => ABOUT, recognise: (draft) => draft },
      sink: Object.assign(Object.create(sink) as RecordingSink, {
        capture: async (events: readonly Captured[]) => {
          if (dies === "lost in the sink") throw new Killed();
          await sink.capture(events);
          if (dies === "durable") throw new Killed();
        },
      }),
      recorded: () => (dies === "before it is remembered" ? Promise.reject(new Killed()) : Promise.resolve()),
    };
    try {
      await new Intake(options).take(observed);
    } catch (cause) {
      if (!(cause instanceof Killed)) throw cause;
    } finally {
      state.close();
    }
  }

  /** As the archive has them. */
  get records(): string[] {
    return [...new Set(this.sink.captured.map(({ eventId, stableDigest }) => `${eventId} ${stableDigest}`))];
  }

  /** Conversations that are on record, and nobody could answer in. */
  get unanswerable(): string[] {
    const state = this.#open();
    const ids = this.sink.captured.map(({ event: { conversation } }) => conversation?.id ?? "");
    const unknown = ids.filter((id) => id !== "" && !readChat(state, id));
    state.close();
    return unknown;
  }

  #open(): AccountState {
    const path = join(this.dir, "state");
    return StateFile.open<Kind>({
      ...{ path, key: KEY, label: "test", whose: "the test", now: () => new Date() },
    });
  }

  end(): void {
    rmSync(this.dir, { recursive: true });
  }
}

describe.each(MOMENTS)("what is handed over when the process is killed: %s", (moment) => {
  let lives: Lives;
  beforeEach(() => (lives = new Lives()));
  afterEach(() => lives.end());

  it.each<[string, Observed[]]>([
    ["a message that is edited and deleted", [heard, edit, removal]],
    ["a message that was found, then edited", [seen, edit]],
    ["a message that was found before and after an edit that nobody heard", [seen, unheard]],
    ["a message that was heard, and found when it was edited", [heard, edit, unheard]],
    ["an edit of a message that nobody has", [edit, unheard]],
    ["a message that could not be decrypted", [waiting, decrypted, edit]],
  ])("is recorded once, as if it had not been: %s", async (_, observed) => {
    const calm = new Lives();
    await calm.live(observed);
    await lives.live(observed, moment);
    await lives.live(observed);
    calm.end();

    expect(calm.records.length).toBeGreaterThan(0);
    expect(lives.records).toEqual(calm.records);
  });

  it("is recorded before what is found of it afterwards", async () => {
    await lives.live([heard], moment);
    await lives.live([heard, unheard]);

    expect(lives.sink.captured.map(({ event: { kind, text } }) => [kind, text]).slice(-3)).toEqual(
      expect.arrayContaining([["edit", "At noon"]]) as unknown,
    );
    expect(lives.records.filter((id) => id.startsWith("message:"))).toHaveLength(1);
  });

  it("leaves no conversation on record that cannot be answered", async () => {
    await lives.live([heard], moment);

    expect(lives.unanswerable).toEqual([]);
  });
});
