/** What a drill found. */
export interface DrillReport {
  readonly drill: string;
  /** Whether every check held and nothing was lost that must not be. */
  readonly ok: boolean;
  readonly steps: readonly { readonly step: string; readonly seconds: number }[];
  readonly checks: readonly { readonly check: string; readonly held: boolean }[];
  /** Records that were there, or acknowledged, and are not there any more. */
  readonly lost: number;
  /** What else was counted. */
  readonly counted: Readonly<Record<string, number>>;
}

/** One run of a drill: what it did, how long that took, and what held. */
export class Course {
  readonly #drill: string;
  readonly #say: (line: string) => void;
  readonly #steps: { step: string; seconds: number }[] = [];
  readonly #checks: { check: string; held: boolean }[] = [];
  readonly #counted: Record<string, number> = {};
  #lost = 0;

  /** @param say told what happens, a line each */
  constructor(drill: string, say: (line: string) => void) {
    this.#drill = drill;
    this.#say = say;
  }

  /** Does one step, and measures it. */
  async step<T>(step: string, work: () => Promise<T>): Promise<T> {
    const began = performance.now();
    const done = await work();
    const seconds = Math.round((performance.now() - began) / 100) / 10;
    this.#steps.push({ step, seconds });
    this.#say(`${seconds.toFixed(1).padStart(7)} s  ${step}`);
    return done;
  }

  check(check: string, held: boolean): void {
    this.#checks.push({ check, held });
    this.#say(`${held ? "     ok" : " NOT OK"}    ${check}`);
  }

  /** Counts records that are gone and must not be. */
  lost(records: number): void {
    this.#lost += records;
  }

  count(what: string, number: number): void {
    this.#counted[what] = number;
    this.#say(`           ${what}: ${number}`);
  }

  /** @throws {Error} when the drill checked nothing: then it proved nothing */
  report(): DrillReport {
    if (this.#checks.length === 0) throw new Error("the drill checked nothing");
    const held = this.#checks.every((one) => one.held);
    return {
      drill: this.#drill,
      ok: held && this.#lost === 0,
      steps: this.#steps,
      checks: this.#checks,
      lost: this.#lost,
      counted: this.#counted,
    };
  }
}
