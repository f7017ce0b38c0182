import type { Attempt } from "./attempt.ts";
import { newHome, removeHomes } from "./homes.ts";
import { NEW, OPERATIONS } from "./operations.ts";
import { run } from "./run.ts";

afterAll(removeHomes);

describe.each([
  { how: "stop", what: "a crash", expected: "stopped" },
  { how: "EIO", what: "EIO", expected: "store-unavailable" },
  { how: "EACCES", what: "EACCES", expected: "store-unavailable" },
  { how: "ENOSPC", what: "ENOSPC", expected: "store-full" },
  { how: "EDQUOT", what: "EDQUOT", expected: "store-full" },
])("after $what at any step", ({ how, expected }) => {
  let attempts: Attempt[];
  beforeAll(async () => {
    const { stdout, stderr } = await run("fail-at-steps.ts", [how]);
    expect(stderr).toBe("");
    attempts = JSON.parse(stdout) as Attempt[];
  });

  it.each(OPERATIONS)("to $name has happened or not, and can be repeated", ({ name, after, destroysOld }) => {
    const outcomeIsCrash = how === "stop";
    const mine = attempts.filter((attempt) => attempt.name === name);
    expect(mine.length).toBeGreaterThan(5);
    expect(new Set(mine.map(({ observed }) => observed))).toEqual(new Set(["before", "after"]));
    for (const attempt of mine) {
      expect(attempt).toMatchObject({
        outcome: attempt.isOver ? "done" : expected,
        again: "done",
        finally: "after",
      });
      if (attempt.isOver) expect(attempt).toMatchObject({ observed: "after" });
      // What could not be unlinked waits for the next opening, but for bytes that were to be destroyed.
      const kept = attempt.files.filter((file) => outcomeIsCrash || !file.includes("@tmp"));
      expect(kept).toHaveLength(after === "none" ? 0 : after.includes("held") ? 2 : 1);
      if (destroysOld) expect(attempt).toMatchObject({ oldFinally: [] });
      const isDestroyed = destroysOld && attempt.observed === "after";
      if (isDestroyed && (outcomeIsCrash || after === NEW))
        expect(attempt).toMatchObject({ oldWhenObserved: [] });
    }
  });
});

describe("what is acknowledged", () => {
  const trace = async (name: string) => {
    const { stdout } = await run("trace-steps.ts", [await newHome(), name]);
    return JSON.parse(stdout) as { operation: string; path: string }[];
  };
  const at = (steps: { operation: string; path: string }[], operation: string, path: RegExp) => {
    const index = steps.findIndex((step) => step.operation === operation && path.test(step.path));
    expect({ operation, path, index }).not.toMatchObject({ index: -1 });
    return index;
  };

  it("is synced before it has its name, and its name before the answer: a locked object", async () => {
    const steps = await trace("put a locked object");
    const order = [
      at(steps, "file.write", /@tmp/),
      at(steps, "file.utimes", /@tmp/),
      at(steps, "file.sync", /@tmp/),
      at(steps, "link", /log\/shard\/key$/),
      at(steps, "file.sync", /log\/shard$/),
    ];
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    for (const parent of [/objects$/, /objects\/log$/]) at(steps, "file.sync", parent);
  });

  it("is synced before it counts, and the old bytes go only after that: a replaced object", async () => {
    const steps = await trace("replace an object");
    const synced = steps.flatMap(({ operation, path }, i) =>
      operation === "file.sync" && /key@$/.test(path) ? [i] : [],
    );
    const order = [
      at(steps, "file.writeFile", /key@\/\+/),
      at(steps, "file.sync", /key@\/\+/),
      at(steps, "rename", /key@\/\w+~\w+$/),
      synced[0],
      at(steps, "unlink", /key@\/\w+~\w+$/),
      synced[1],
    ];
    expect(order).toEqual(order.toSorted((a, b) => a! - b!));
  });

  it("is gone before the answer: a removed object", async () => {
    const steps = await trace("remove an object");
    const order = [
      at(steps, "rename", /@tmp/),
      at(steps, "file.sync", /log\/shard$/),
      steps.findLastIndex(({ operation, path }) => operation === "rm" && path.includes("@tmp")),
    ];
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });
});
