import { checkpointKey } from "@daybook/archive-core";
import { growingLog } from "../../services/witnessing/test/support/log.ts";
import { inconsistent } from "./consistency.ts";

const noted = async (log: Awaited<ReturnType<typeof growingLog>>) => ({
  shard: "0",
  note: (await log.published()).note,
});

describe("checkpoints that somebody was shown", () => {
  it("are all of the log that is published", async () => {
    const log = await growingLog();
    const notes = [];
    for (const records of [3, 2, 300]) {
      await log.grow(records);
      notes.push(await noted(log));
    }
    expect(await inconsistent([log.vkey], log.stores, notes)).toEqual([]);
  });

  it("are found out when they are of another log under the same key", async () => {
    const [log, fork] = [await growingLog(), await growingLog()];
    await log.grow(5);
    await fork.grow(5);
    const same = await noted(fork);
    await fork.grow(1);
    const longer = await noted(fork);

    expect(await inconsistent([log.vkey], log.stores, [await noted(log), same, longer])).toEqual([
      "the checkpoint of shard 0 at 5 is of another log",
      "the checkpoint of shard 0 at 6 is of another log",
    ]);
    await log.grow(4);
    expect(await inconsistent([log.vkey], log.stores, [same])).toHaveLength(1);
  });

  it("are found out when the log has gone back behind them", async () => {
    const log = await growingLog();
    await log.grow(3);
    const { body } = (await log.stores.heads.read(checkpointKey("0")))!;
    await log.grow(3);
    const shown = await noted(log);
    await log.stores.heads.put(checkpointKey("0"), body);
    expect(await inconsistent([log.vkey], log.stores, [shown])).toEqual([
      "the checkpoint of shard 0 at 6 is of another log",
    ]);
  });

  it("are found out when the log shows none any more", async () => {
    const log = await growingLog();
    await log.grow(3);
    const empty = await growingLog();
    expect(await inconsistent([log.vkey], empty.stores, [await noted(log)])).toEqual([
      "shard 0 shows no checkpoint any more",
    ]);
  });

  it("are found out when the log's key has not signed them", async () => {
    const log = await growingLog();
    await log.grow(3);
    const { shard, note } = await noted(log);
    const forged = { shard, note: note.replace(/^3$/m, "2") };
    await expect(inconsistent([log.vkey], log.stores, [forged])).rejects.toThrow();
  });
});
