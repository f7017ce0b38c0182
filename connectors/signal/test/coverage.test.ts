import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Coverage } from "../src/coverage.ts";
import { SignalError } from "../src/error.ts";
import { AccountFile } from "../src/store/account-file.ts";
import { KEY } from "./support/office.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const LINKED = Date.UTC(2026, 0, 1);

let dir: string;
let file: AccountFile;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "daybook-coverage-"));
  file = AccountFile.open(join(dir, "a.account"), KEY, "create");
});
afterEach(() => {
  file.close();
  rmSync(dir, { recursive: true });
});

/** What was recorded, in days and hours since the link. */
function recorded(): string[] {
  const at = (ms: number | undefined) => {
    const hours = Math.round(((ms ?? Number.NaN) - LINKED) / HOUR_MS);
    return `${Math.floor(hours / 24)}d${hours % 24}h`;
  };
  return file.entries(10_000).flatMap(({ entry }) => {
    if (entry.what === "coverage") return [`${entry.state} ${at(entry.from)}-${at(entry.to)}`];
    return entry.what === "gap" ? [`gap ${at(entry.from)}-${at(entry.to)}`] : [];
  });
}

it("knows what may be lost after a link was down for longer than Signal keeps messages, though it looked every hour", () => {
  const coverage = new Coverage(file, LINKED, LINKED);
  coverage.enter("live", LINKED);
  coverage.enter("down", LINKED + HOUR_MS);
  for (let at = 2 * HOUR_MS; at <= 31 * DAY_MS; at += HOUR_MS) coverage.beat(LINKED + at);
  expect(coverage.downSince).toBe(LINKED + HOUR_MS);
  // Over a restart too.
  const again = new Coverage(file, LINKED, LINKED + 31 * DAY_MS);
  expect(again.downSince).toBe(LINKED + HOUR_MS);
  again.enter("catching-up", LINKED + 31 * DAY_MS);

  expect(again.downSince).toBeUndefined();
  expect(recorded().filter((one) => one.startsWith("gap"))).toEqual(["gap 0d1h-1d0h"]);
});

it("takes a link to have been down while its disk took nothing", () => {
  const coverage = new Coverage(file, LINKED, LINKED);
  coverage.enter("live", LINKED);
  coverage.beat(LINKED + HOUR_MS / 2);
  const commit = file.commit.bind(file);
  file.commit = () => {
    throw new SignalError("unavailable", "there is no room");
  };
  coverage.beat(LINKED + HOUR_MS);
  coverage.enter("down", LINKED + 2 * HOUR_MS);
  coverage.enter("live", LINKED + 3 * HOUR_MS);
  expect(coverage.isUnwritten).toBe(true);
  file.commit = commit;
  coverage.beat(LINKED + 4 * HOUR_MS);
  expect(coverage.isUnwritten).toBe(false);
  coverage.enter("down", LINKED + 5 * HOUR_MS);

  expect(recorded()).toEqual(["live 0d0h-0d1h", "down 0d1h-0d4h", "live 0d4h-0d5h"]);
});
