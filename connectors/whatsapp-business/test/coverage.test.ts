import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openState } from "../src/state.ts";
import { NUMBER } from "./fixtures/payloads.ts";
import { openOffice } from "./support/office.ts";

const DAY_MS = 86_400_000;
const HEARD = Date.UTC(2026, 0, 1);
const KEY = Buffer.alloc(32, 7);
const iso = (at: number) => new Date(at).toISOString();

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "whatsapp-business-coverage-"))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** A mark as version 0.1 left it. */
async function leaveMark(from: number, until: number): Promise<void> {
  const state = openState(join(dir, "state"), KEY, () => new Date(until));
  await state.write([{ kind: "coverage", name: NUMBER, value: { from, until } }]);
  state.close();
}

it.each([
  ["an hour", 3_600_000, []],
  ["8 days", 8 * DAY_MS, [{ from: iso(HEARD), to: iso(HEARD + DAY_MS) }]],
])("records when it listened, and not, after %s without", async (_, away, gaps) => {
  await leaveMark(HEARD - 60_000, HEARD);
  const office = await openOffice({ dir, now: () => new Date(HEARD + away) });
  await office.event(({ event }) => event.coverage?.state === "down");

  const events = office.sink.captured.map(({ event }) => event);
  expect(events.flatMap(({ coverage }) => coverage ?? [])).toEqual([
    { from: iso(HEARD - 60_000), to: iso(HEARD), state: "live" },
    { from: iso(HEARD), to: iso(HEARD + away), state: "down" },
  ]);
  expect(events.flatMap(({ gap }) => gap ?? [])).toEqual(
    gaps.map((one) => ({ ...one, why: expect.stringContaining("sends again") as unknown })),
  );
  expect(events[0]).toMatchObject({ account: NUMBER, custodian: { id: "id-olivia" } });
  await office.close();
});

it("is recorded each hour while it goes on, without a hole between", async () => {
  let at = HEARD;
  const office = await openOffice({ dir, now: () => new Date(at), beatMs: 1 });
  for (let hour = 1; hour <= 3; hour += 1) {
    at += 3_600_000;
    await office.event(({ event }) => event.coverage?.to === iso(at));
  }
  expect(office.sink.captured.map(({ event }) => event.coverage)).toEqual(
    [0, 1, 2].map((hour) => ({
      from: iso(HEARD + hour * 3_600_000),
      to: iso(HEARD + (hour + 1) * 3_600_000),
      state: "live",
    })),
  );
  await office.close();
});
