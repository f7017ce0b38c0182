import { PassThrough } from "node:stream";
import type { Captured } from "@daybook/contract";
import { createLogger } from "@daybook/runtime";
import { Pool } from "pg";
import { type Live, runCapture } from "../src/index.ts";
import { SCOPE_KEY, setUp } from "./support/capture.ts";

const rig = setUp();
afterAll(rig.remove);

const event: Captured = {
  eventId: "1",
  stableDigest: "0".repeat(64),
  event: {
    v: 1,
    kind: "message",
    network: "sms",
    method: "carrier",
    provenance: "captured",
    account: "a1",
    raw: "",
    connector: { name: "test", version: "1" },
  },
};

it("runs its connectors while no database answers", async () => {
  const stopping = new AbortController();
  const live: Live = {
    name: "test",
    accounts: [{ custodian: "Ann", network: "sms", method: "carrier" }],
    connect: () => ({
      async run(sink) {
        await sink.capture([event]);
        stopping.abort();
      },
    }),
  };
  const pool = new Pool({ host: "127.0.0.1", port: 1 });
  await runCapture(
    {
      ...rig,
      pool,
      files: { notices: nothing, lines: nothing, content: () => Promise.resolve(undefined) },
      shards: 1,
      spoolDir: rig.dir,
      linesKey: Buffer.alloc(32, 3),
      scopeKey: SCOPE_KEY,
      live: [live],
      mount: () => undefined,
      log: createLogger("capture", "debug", { stream: new PassThrough().resume() }),
    },
    stopping.signal,
  );
  await pool.end();

  expect(rig.publisher.published.map((one) => one.envelope.eventId)).toEqual(["1"]);
});

async function* nothing(): AsyncGenerator<never> {
  // There is none.
}
