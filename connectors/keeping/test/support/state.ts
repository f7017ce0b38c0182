import { StateFile, type StateFileOptions } from "../../src/index.ts";

export type Kind = "left" | "right" | "coverage" | "canary";

export function openState(path: string, more: Partial<StateFileOptions> = {}): StateFile<Kind> {
  return StateFile.open({
    path,
    key: Buffer.alloc(32, 7),
    label: "keeping's tests",
    whose: "a test's connector",
    now: () => new Date(),
    ...more,
  });
}
