import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Captured, ConnectorError, event } from "@daybook/contract";
import fc from "fast-check";
import { Coverage, type CoverageOptions, type CoverageState, type StateFile } from "../src/index.ts";
import { type Fault, FaultyDisk } from "./support/faulty-disk.ts";
import { type Kind, openState } from "./support/state.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const LINKED = Date.UTC(2026, 0, 1);

let dir: string;
let runs = 0;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "daybook-coverage-"))));
afterEach(() => rmSync(dir, { recursive: true }));

/** A link whose process can crash, and whose records can fail either way. */
class Link {
  readonly faults: Fault[] = [];
  readonly #path = join(dir, `${(runs += 1)}`);
  readonly #records = new Map<string, Captured>();
  readonly #more: Partial<CoverageOptions>;
  #state: StateFile<Kind> | undefined;
  coverage: Coverage;

  constructor(more: Partial<CoverageOptions> = {}) {
    this.#more = more;
    this.coverage = this.crash();
  }

  /** The process is gone, and another opens the file. */
  crash(): Coverage {
    this.#state?.close();
    this.#state = openState(this.#path);
    const connector = { name: "a test's", version: "1" };
    return (this.coverage = new Coverage({
      state: this.#state,
      about: { network: "whatsapp", method: "linked-device", account: "an account", connector },
      linkedAt: LINKED,
      record: (events) => this.#record(events),
      ...this.#more,
    }));
  }

  close(): void {
    this.#state?.close();
  }

  /** As the archive has them: one record of whatever has the same id and digest. */
  get events(): Captured[] {
    return [...this.#records.values()];
  }

  get intervals(): { from: number; to: number; state: CoverageState }[] {
    return this.events
      .flatMap(({ event: { coverage } }) => coverage ?? [])
      .map(({ from, to, state }) => ({
        from: Date.parse(from) - LINKED,
        to: Date.parse(to) - LINKED,
        state,
      }));
  }

  async #record(events: readonly Captured[]): Promise<void> {
    const fault = this.faults.shift();
    for (const one of events) {
      event.parse({ ...one.event, capturedAt: new Date(LINKED).toISOString() });
      if (fault !== "lost") this.#records.set(`${one.eventId} ${one.stableDigest}`, one);
    }
    if (fault) throw new ConnectorError("stream-unavailable", `injected: ${fault}`);
  }
}

it("records an interval when it ends, and each hour", async () => {
  const link = new Link();
  await link.coverage.enter("catching-up", LINKED + 1);
  await link.coverage.enter("live", LINKED + MINUTE_MS);
  await link.coverage.beat(LINKED + HOUR_MS);
  expect(link.intervals).toHaveLength(2);
  await link.coverage.beat(LINKED + HOUR_MS + MINUTE_MS);
  await link.coverage.enter("down", LINKED + 2 * HOUR_MS);

  expect(link.intervals).toEqual([
    { from: 0, to: 1, state: "down" },
    { from: 1, to: MINUTE_MS, state: "catching-up" },
    { from: MINUTE_MS, to: HOUR_MS + MINUTE_MS, state: "live" },
    { from: HOUR_MS + MINUTE_MS, to: 2 * HOUR_MS, state: "live" },
  ]);
  expect(link.coverage.downSince).toBe(LINKED + 2 * HOUR_MS);
  link.close();
});

it("takes a link to have been down since the last beat before a crash", async () => {
  const link = new Link();
  await link.coverage.enter("live", LINKED);
  await link.coverage.beat(LINKED + 5 * MINUTE_MS);
  link.crash();
  expect(link.coverage.downSince).toBe(LINKED + 5 * MINUTE_MS);
  await link.coverage.enter("live", LINKED + 20 * MINUTE_MS);

  expect(link.intervals).toEqual([
    { from: 0, to: 5 * MINUTE_MS, state: "live" },
    { from: 5 * MINUTE_MS, to: 20 * MINUTE_MS, state: "down" },
  ]);
  expect(link.coverage.downSince).toBeUndefined();
  link.close();
});

it("knows what may be lost after an outage longer than the network keeps messages, once", async () => {
  const link = new Link({ keeps: { ms: 7 * DAY_MS, why: "Some may be lost" } });
  await link.coverage.enter("live", LINKED);
  await link.coverage.enter("down", LINKED + HOUR_MS);
  for (let at = 2 * HOUR_MS; at <= 8 * DAY_MS; at += HOUR_MS) await link.coverage.beat(LINKED + at);
  link.crash();
  expect(link.coverage.downSince).toBe(LINKED + HOUR_MS);
  await link.coverage.enter("catching-up", LINKED + 8 * DAY_MS);
  await link.coverage.enter("live", LINKED + 9 * DAY_MS);

  expect(link.events.flatMap(({ event: { gap } }) => gap ?? [])).toEqual([
    {
      why: "Some may be lost",
      from: new Date(LINKED + HOUR_MS).toISOString(),
      to: new Date(LINKED + DAY_MS).toISOString(),
    },
  ]);
  link.close();
});

it("does not go on when a record is refused for good, and has it still", async () => {
  const refuse = { now: true };
  const recorded: Captured[] = [];
  const record = async (events: readonly Captured[]) => {
    if (refuse.now) throw new ConnectorError("event-invalid", "injected");
    recorded.push(...events);
  };
  const link = new Link({ record });
  await expect(link.coverage.enter("live", LINKED + 1)).rejects.toMatchObject({ code: "event-invalid" });
  refuse.now = false;
  await link.coverage.beat(LINKED + 2);
  expect(recorded).toHaveLength(1);
  link.close();
});

it("keeps what waits within bounds, without a hole and without claiming more", async () => {
  const link = new Link();
  link.faults.push(...Array.from({ length: 300 }, () => "lost" as const));
  for (let n = 1; n <= 300; n += 1) await link.coverage.enter(n % 2 === 0 ? "down" : "live", LINKED + n);
  await link.coverage.beat(LINKED + 300);

  const { intervals } = link;
  expect(intervals).toHaveLength(200);
  expect(intervals.at(-1)).toEqual({ from: 199, to: 300, state: "down" });
  link.close();
});

it("leaves no hole and claims nothing that was not so, whatever fails and crashes", async () => {
  const state = fc.constantFrom<CoverageState>("live", "catching-up", "down");
  const fault = fc.option(fc.constantFrom<Fault>("lost", "kept"), { nil: undefined });
  const step = fc.record({
    does: fc.oneof(
      { weight: 2, arbitrary: state },
      { weight: 4, arbitrary: fc.constant("beat" as const) },
      { weight: 1, arbitrary: fc.constant("crash" as const) },
    ),
    after: fc.integer({ min: 0, max: 90 * MINUTE_MS }),
    record: fault,
    commit: fault,
  });
  const disk = new FaultyDisk();
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        disk.faults.length = 0;
        const link = new Link();
        let at = LINKED;
        // What was so: from when on the link was in which state.
        const truth: { from: number; state: CoverageState }[] = [{ from: 0, state: "down" }];
        for (const { does, after, record, commit } of steps) {
          at += after;
          if (does === "crash") {
            link.crash();
            truth.push({ from: at - LINKED, state: "down" });
            continue;
          }
          if (record) link.faults.push(record);
          if (commit) disk.faults.push(commit);
          if (does === "beat") await link.coverage.beat(at);
          else await link.coverage.enter(does, at);
          if (does !== "beat") truth.push({ from: at - LINKED, state: does });
          disk.faults.length = 0;
          link.faults.length = 0;
        }
        await link.coverage.enter("live", (at += HOUR_MS));
        await link.coverage.enter("down", (at += HOUR_MS));
        truth.push({ from: at - LINKED - HOUR_MS, state: "live" });

        const intervals = link.intervals.sort((a, b) => a.from - b.from);
        let end = 0;
        for (const one of intervals) {
          expect(one.from).toBe(end);
          end = one.to;
          if (one.state === "down") continue;
          // The same all along.
          const during = truth.filter(
            ({ from }, n) => from < one.to && (truth[n + 1]?.from ?? at) > one.from,
          );
          expect(new Set(during.map((known) => known.state))).toEqual(new Set([one.state]));
        }
        expect(end).toBe(at - LINKED);
        link.close();
      }),
      { numRuns: 150 },
    );
  } finally {
    disk.restore();
  }
});
