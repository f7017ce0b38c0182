// Has each file operation of each store operation fail with an error of the system, or never return, as in a
// crash, and prints what came of it, as JSON.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ArchiveError } from "@daybook/archive-core";
import type { Attempt } from "./attempt.ts";
import { filesBelow, filesWith } from "./homes.ts";
import { instrument } from "./instrument.ts";
import { OLD, OPERATIONS, type Operation, openStores } from "./operations.ts";

const how = process.argv[2]!;
let failAt = Infinity;
let done = 0;
let stop: (() => void) | undefined;
await instrument((operation, path) => {
  done += 1;
  if (done !== failAt) return;
  if (how === "stop") {
    stop?.();
    return new Promise(() => undefined);
  }
  const error = new Error(`${how}: injected, ${operation} ${path}`);
  throw Object.assign(error, { code: how, syscall: operation });
});

const attempts: Attempt[] = [];
for (const operation of OPERATIONS) {
  for (let step = 1, isOver = false; !isOver; step += 1) {
    const home = await mkdtemp(join(tmpdir(), "fail-"));
    const attempt = await failing(operation, step, home);
    ({ isOver } = attempt);
    attempts.push(attempt);
    await rm(home, { recursive: true });
  }
}
process.stdout.write(JSON.stringify(attempts));

async function failing(operation: Operation, step: number, home: string): Promise<Attempt> {
  const { name, before, after } = operation;
  let stores = await openStores(home);
  await operation.prepare(stores);
  [done, failAt] = [0, step];
  const stopped = new Promise<string>((resolve) => {
    stop = () => resolve("stopped");
  });
  const outcome = await Promise.race([stopped, outcomeOf(operation.act(stores))]);
  const isOver = done < failAt;
  failAt = Infinity;

  if (outcome === "stopped") stores = await openStores(home);
  const observed = await operation.observe(stores);
  const oldWhenObserved = await filesWith(home, OLD);
  const again = await outcomeOf(operation.act(stores));
  return {
    name,
    step,
    isOver,
    outcome,
    observed: observed === before ? "before" : observed === after ? "after" : "BROKEN",
    oldWhenObserved,
    again,
    finally: (await operation.observe(stores)) === after ? "after" : "BROKEN",
    files: [...(await filesBelow(home)).keys()],
    oldFinally: await filesWith(home, OLD),
  };
}

function outcomeOf(acting: Promise<unknown>): Promise<string> {
  return acting.then(
    () => "done",
    (error: unknown) => (error instanceof ArchiveError ? error.code : String(error)),
  );
}
