/** One measured figure. Times and rates are of this machine; `ratio` is of the same run, and travels. */
export interface Figure {
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
  /** What stands beside it, measured in the same run; null where only the value matters. */
  readonly baseline: { readonly name: string; readonly value: number } | null;
  /** Value over baseline. */
  readonly ratio: number | null;
  readonly aim: string;
  readonly met: boolean;
}

/** What a bench is told. */
export interface Run {
  /** 1, or 0.1 for a quick look. */
  readonly scale: number;
  /** Where it may write; removed afterwards. */
  readonly dir: string;
  /** Says what is going on, for people. */
  readonly say: (line: string) => void;
}

/** Measures something. What it starts, it ends. */
export type Bench = (run: Run) => Promise<Figure[]>;

interface Measured {
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
  readonly baseline?: { readonly name: string; readonly value: number };
  readonly aim: string;
  readonly met: (value: number, ratio: number) => boolean;
}

export function figure({ figure, value, unit, baseline, aim, met }: Measured): Figure {
  const ratio = baseline === undefined ? null : round(value / baseline.value);
  return {
    figure,
    value: round(value),
    unit,
    baseline: baseline === undefined ? null : { ...baseline, value: round(baseline.value) },
    ratio,
    aim,
    met: met(value, ratio ?? Number.NaN),
  };
}

/** The value that a share of the times does not exceed; the times may be in any order. */
export function percentile(times: readonly number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Milliseconds that something took, and what it gave. */
export async function timed<Value>(work: () => Promise<Value>): Promise<{ ms: number; value: Value }> {
  const start = performance.now();
  const value = await work();
  return { ms: performance.now() - start, value };
}

/** Three significant digits, whole numbers from a hundred on. */
function round(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}
