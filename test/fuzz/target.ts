/** A reader of outside bytes, ready to be given some. */
export interface Fuzzed {
  /** Valid inputs, which are changed. */
  readonly samples: readonly Buffer[];
  /** Gives it the bytes; resolves when they were read or refused, rejects with anything else. */
  readonly read: (bytes: Buffer) => unknown;
  /** Whether it may throw this. */
  readonly declared: (error: unknown) => boolean;
  readonly close?: () => Promise<void>;
}

export interface Target {
  readonly name: string;
  /** @param dir empty, for what the target has to have in files */
  readonly prepare: (dir: string) => Promise<Fuzzed>;
}

/** Whether an error is of a class, by `instanceof`. */
export function only(
  ...classes: readonly (abstract new (...args: never[]) => Error)[]
): (error: unknown) => boolean {
  return (error) => classes.some((each) => error instanceof each);
}

/** A property that does not hold for some input. */
export class BrokenProperty extends Error {
  override readonly name = "BrokenProperty";
}

/** @throws {BrokenProperty} */
export function holds(condition: boolean, what: string): void {
  if (!condition) throw new BrokenProperty(what);
}
