/** Values of a metric's labels. Kinds and states only: never an id of a person, account or message. */
export type Labels = Readonly<Record<string, string>>;

export interface Counter {
  inc(labels?: Labels, by?: number): void;
}

export interface Gauge {
  set(value: number, labels?: Labels): void;
}

export interface Histogram {
  observe(value: number, labels?: Labels): void;
  /** Starts a clock; the returned function observes the seconds since, with any further labels. */
  startTimer(labels?: Labels): (more?: Labels) => void;
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;
const MAX_SERIES = 1_000;

type Kind = "counter" | "gauge" | "histogram";

interface Family {
  readonly kind: Kind;
  readonly about: string;
  readonly labels: readonly string[];
  readonly series: Map<
    string,
    { readonly labels: Labels; value: number; readonly buckets: number[]; count: number }
  >;
  readonly bounds: readonly number[];
}

/**
 * Numbers about this process, as Prometheus reads them. A metric that is asked for again is the same one, so
 * several services in one process share it. More than 1,000 combinations of labels are dropped.
 */
export class Metrics {
  readonly #families = new Map<string, Family>();
  readonly #collectors: (() => void)[] = [];

  /** @throws {TypeError} when the name is taken by a metric of another kind or other labels */
  counter(name: string, about: string, labels: readonly string[] = []): Counter {
    const family = this.#family("counter", name, about, labels, []);
    return {
      inc: (values = {}, by = 1) => {
        const series = seriesOf(family, values);
        if (series && by >= 0) series.value += by;
      },
    };
  }

  /** @throws {TypeError} as `counter` */
  gauge(name: string, about: string, labels: readonly string[] = []): Gauge {
    const family = this.#family("gauge", name, about, labels, []);
    return {
      set: (value, values = {}) => {
        const series = seriesOf(family, values);
        if (series) series.value = value;
      },
    };
  }

  /**
   * @param bounds upper bounds of the buckets, ascending; from 1 ms to 30 s unless given
   * @throws {TypeError} as `counter`
   */
  histogram(
    name: string,
    about: string,
    labels: readonly string[] = [],
    bounds: readonly number[] = SECONDS,
  ): Histogram {
    const family = this.#family("histogram", name, about, labels, bounds);
    const observe = (value: number, values: Labels = {}) => {
      const series = seriesOf(family, values);
      if (!series) return;
      series.value += value;
      series.count += 1;
      const bucket = family.bounds.findIndex((bound) => value <= bound);
      if (bucket !== -1) series.buckets[bucket] = (series.buckets[bucket] ?? 0) + 1;
    };
    return {
      observe,
      startTimer: (values = {}) => {
        const start = performance.now();
        return (more = {}) => observe((performance.now() - start) / 1_000, { ...values, ...more });
      },
    };
  }

  /** Calls `collect` before each reading, to set gauges that are cheap to know only then. */
  onRead(collect: () => void): void {
    this.#collectors.push(collect);
  }

  /** Everything, in the Prometheus text format 0.0.4. */
  render(): string {
    for (const collect of this.#collectors) collect();
    return [...this.#families].map(([name, family]) => renderFamily(name, family)).join("");
  }

  #family(
    kind: Kind,
    name: string,
    about: string,
    labels: readonly string[],
    bounds: readonly number[],
  ): Family {
    if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new TypeError(`not a name of a metric: ${name}`);
    const known = this.#families.get(name);
    if (!known) {
      const family: Family = { kind, about, labels, series: new Map(), bounds };
      this.#families.set(name, family);
      return family;
    }
    if (known.kind === kind && known.labels.join() === labels.join()) return known;
    throw new TypeError(`two metrics are called ${name}`);
  }
}

function seriesOf(family: Family, values: Labels) {
  const key = family.labels.map((label) => values[label] ?? "").join("\u0000");
  let series = family.series.get(key);
  if (!series) {
    if (family.series.size >= MAX_SERIES) return undefined;
    const labels = Object.fromEntries(family.labels.map((label) => [label, values[label] ?? ""]));
    series = { labels, value: 0, buckets: family.bounds.map(() => 0), count: 0 };
    family.series.set(key, series);
  }
  return series;
}

function renderFamily(name: string, { kind, about, series, bounds }: Family): string {
  const lines = [
    `# HELP ${name} ${about.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}`,
    `# TYPE ${name} ${kind}`,
  ];
  for (const { labels, value, buckets, count } of series.values()) {
    if (kind !== "histogram") {
      lines.push(`${name}${renderLabels(labels)} ${value}`);
      continue;
    }
    let below = 0;
    bounds.forEach((bound, index) => {
      below += buckets[index] ?? 0;
      lines.push(`${name}_bucket${renderLabels({ ...labels, le: String(bound) })} ${below}`);
    });
    lines.push(
      `${name}_bucket${renderLabels({ ...labels, le: "+Inf" })} ${count}`,
      `${name}_sum${renderLabels(labels)} ${value}`,
      `${name}_count${renderLabels(labels)} ${count}`,
    );
  }
  return `${lines.join("\n")}\n`;
}

function renderLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}
