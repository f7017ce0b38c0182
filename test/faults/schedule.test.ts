import { join } from "node:path";
import { itDeployed } from "../deployment/installed.ts";
import { NODE } from "../deployment/service-process.ts";
import { runCommand } from "../e2e/support/daybook.ts";
import type { Outcome } from "./run/run.ts";

const SEED = "405";
const MINUTES = 1.5;

itDeployed(
  "loses, doubles and forks nothing in ninety seconds of faults, and goes on by itself after",
  async () => {
    const main = join(import.meta.dirname, "run/main.ts");
    const args = [main, "--minutes", String(MINUTES), "--seed", SEED, "--rate", "100", "--json"];
    const { code, stdout, stderr } = await runCommand(NODE, args, { env: process.env });
    const outcome = JSON.parse(stdout || "{}") as Partial<Outcome>;

    expect({ code, broken: outcome.broken, stderr }).toMatchObject({ code: 0, broken: [] });
    expect(outcome.steps!.length).toBeGreaterThan(5);
    expect(outcome.acknowledged).toBe(outcome.offered);
    expect(outcome.acknowledged).toBeGreaterThan(0);
  },
  900_000,
);
