import { createHash } from "node:crypto";
import { record } from "@daybook/archive-core";
import { openPacket } from "@daybook/openpgp";
import { createEventSealer, type EventSealer } from "../src/event-sealer.ts";
import { recordOf } from "../src/seal-event.ts";
import { eventBytes } from "./support/events.ts";
import { namingKey } from "./support/keys.ts";

const KEY = `9:${"AB".repeat(32)}`;
const attachments = [
  {
    name: "a.pdf",
    mediaType: "application/pdf",
    sizeBytes: 1,
    sha256: "ab".repeat(32),
    sealed: "cd".repeat(32),
  },
];

/** Events of every sort: plain, with an attachment, malformed, in other scripts, empty. */
function batch(count: number, from = 0): Buffer[] {
  return Array.from({ length: count }, (_, i) => {
    const n = from + i;
    if (n % 7 === 3) return Buffer.from("{");
    if (n % 7 === 4) return Buffer.alloc(0);
    if (n % 7 === 5) return eventBytes(n, { attachments }, [KEY]);
    return eventBytes(n, { text: n % 2 === 0 ? `予算 ${n} 🎉` : `Figure ${n}` });
  });
}

let sealer: EventSealer;
beforeEach(() => {
  sealer = createEventSealer(namingKey);
});
afterEach(() => sealer[Symbol.asyncDispose]());

describe("sealing a batch", () => {
  it.each([
    ["in place", 20],
    ["on a thread", 1_000],
  ])("%s gives each event its sealed record, in its turn", async (_, count) => {
    const sealed = await sealer.seal(batch(count));

    expect(sealed).toHaveLength(count);
    for (const [n, one] of sealed.entries()) {
      expect([n, one === undefined]).toEqual([n, n % 7 === 3 || n % 7 === 4]);
      if (!one) continue;
      const json = openPacket(one.packet, one.key);
      const parsed = record.parse(JSON.parse(json.toString()));
      expect(createHash("sha256").update(json).digest("hex")).toBe(one.rec);
      expect(parsed).toMatchObject({ id: one.id, networkId: `n${n}` });
      expect(recordOf(one)).toEqual(parsed);
      expect(one.keys).toEqual(n % 7 === 5 ? [KEY] : []);
    }
  });

  it("gives the same ids on a thread as in place, and never the same key", async () => {
    const events = batch(100);
    const threaded = await sealer.seal(events);
    const placed = (await Promise.all([0, 50].map((at) => sealer.seal(events.slice(at, at + 50))))).flat();

    expect(threaded.map((one) => one?.id)).toEqual(placed.map((one) => one?.id));
    const keys = [...threaded, ...placed].flatMap((one) => one?.key.bytes.toString("hex") ?? []);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("answers many at once, each its own", async () => {
    const batches = Array.from({ length: 10 }, (_, i) => batch(70 + i, i * 1_000));
    const answers = await Promise.all(batches.map((one) => sealer.seal(one)));

    for (const [i, answer] of answers.entries()) {
      expect(answer).toHaveLength(70 + i);
      expect(answer[0] ? recordOf(answer[0]).networkId : "none").toBe(
        batches[i]![0]!.length > 1 ? `n${i * 1_000}` : "none",
      );
    }
  });

  it("is refused, and waited for by nobody for ever, once it has ended", async () => {
    await sealer.seal(batch(70));
    const last = sealer.seal(batch(5_000));
    const outcome = expect(last).rejects.toMatchObject({ code: "stopped" });
    await sealer[Symbol.asyncDispose]();
    await outcome;

    await expect(sealer.seal(batch(70))).rejects.toMatchObject({ code: "stopped" });
  });
});
