import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { ConnectorError, type LinkStep, type Party } from "@daybook/contract";
import { createLogger } from "@daybook/runtime";
import { CaptureError } from "../src/error.ts";
import { type LinkingConnector, Links } from "../src/linking/links.ts";
import { MemoryRegistry } from "./support/capture.ts";

const log = createLogger("capture", "fatal", { stream: new PassThrough().resume() });
const clock = { now: new Date("2026-03-04T12:00:00.000Z") };
const show = (n: number): LinkStep => ({ step: "show", url: `sgnl://linkdevice?${n}`, expiresAt: clock.now });

/** Accounts that were told to the registry. */
class Registered extends MemoryRegistry {
  readonly accounts: unknown[] = [];
  isAway = false;
  override async account(of: { custodian: string }) {
    if (this.isAway) throw new CaptureError("unavailable", "the registry is away");
    this.accounts.push(of);
    return super.account(of);
  }
}

/** A network whose phone scans when told to. */
function connector(
  steps: (custodian: Party, signal: AbortSignal) => AsyncGenerator<LinkStep>,
): LinkingConnector {
  return {
    network: "signal",
    method: "linked-device",
    linker: { link: steps },
    health: () => [],
    record: async () => undefined,
  };
}

let registry: Registered;
let links: Links;
beforeEach(() => {
  registry = new Registered();
  links = new Links({ registry, log, now: () => clock.now });
});
afterEach(() => links.close());

async function until(id: string, step: string) {
  while (links.get(id)?.step !== step) await sleep(2);
  return links.get(id);
}
const waiting = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });

it("tells each code, and registers the account once it is linked", async () => {
  const scanned = Promise.withResolvers<undefined>();
  const id = await links.begin(
    connector(async function* () {
      yield show(1);
      await scanned.promise;
      yield { step: "linking" };
      yield { step: "linked", account: "aci-1", again: false };
    }),
    "Isla Brennan",
    "admin-1",
  );
  expect(await until(id, "show")).toEqual(show(1));
  expect(registry.accounts).toEqual([]);
  scanned.resolve(undefined);

  expect(await until(id, "linked")).toMatchObject({ account: "aci-1" });
  const { id: custodian } = registry.people.get("Isla Brennan")!;
  expect(registry.accounts).toEqual([
    { custodian, network: "signal", method: "linked-device", identifier: "aci-1", actor: "admin-1" },
  ]);
});

it("tells the official what the network says", async () => {
  const id = await links.begin(
    connector(async function* () {
      yield show(1);
      throw new ConnectorError("link-refused", "the phone has too many devices: remove one");
    }),
    "Isla",
    "admin-1",
  );

  expect(await until(id, "failed")).toEqual({
    step: "failed",
    why: "the phone has too many devices: remove one",
  });
});

it("says nothing of an error that is not for people", async () => {
  const id = await links.begin(
    connector(async function* () {
      yield await Promise.reject(new Error("secret inside"));
    }),
    "Isla",
    "admin-1",
  );

  expect(await until(id, "failed")).toEqual({ step: "failed", why: "linking failed: see the server's log" });
});

it("is not linked, for people, while the registry does not know of it", async () => {
  registry.isAway = true;
  const id = await links.begin(
    connector(async function* () {
      yield { step: "linked", account: "aci-1", again: false };
    }),
    "Isla",
    "admin-1",
  );

  expect(await until(id, "failed")).toEqual({ step: "failed", why: "the registry is away" });
});

it("shows no code any more once it is given up, and bounds how many are shown", async () => {
  const endless = connector(async function* (_custodian, signal) {
    yield show(1);
    await waiting(signal);
  });
  const ids: string[] = [];
  for (let n = 0; n < 20; n += 1) ids.push(await links.begin(endless, "Isla", "admin-1"));
  await expect(links.begin(endless, "Isla", "admin-1")).rejects.toMatchObject({ code: "busy" });
  links.cancel(ids[0]!);
  expect(await until(ids[0]!, "failed")).toMatchObject({ why: "linking was given up" });

  ids.push(await links.begin(endless, "Isla", "admin-1"));
  await until(ids.at(-1)!, "show");
  clock.now = new Date("2026-03-04T13:00:00.001Z");
  links.cancel(ids[1]!);
  await until(ids[1]!, "failed");
  await links.begin(endless, "Isla", "admin-1");
  expect(links.get(ids[0]!)).toBeUndefined();
  expect(links.get(ids[1]!)).toBeDefined();
});
