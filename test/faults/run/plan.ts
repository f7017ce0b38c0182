import { random, type Random } from "../../fuzz/random.ts";

/** What can befall a deployment. */
export const FAULTS = [
  "kill", // SIGKILL of a service, and its start some time later
  "pause", // SIGSTOP of a service, and SIGCONT
  "broker-restart", // SIGKILL of Kafka, and its start some time later
  "broker-pause",
  "full-disk", // of a spool or of the broker
  "store-503", // the store refuses a share of what it is asked
  "store-slow",
  "store-cut", // its answers end in the middle of their bodies
  "store-lost-answer", // it does as asked and does not say so: the repetition gets 412
  "store-pause",
  "database-gone", // SIGKILL of PostgreSQL, and its start some time later
  "link-latency",
  "link-bandwidth",
  "link-reset",
  "link-cut",
  "clock", // wall clocks jump by a day, and back
] as const;
export type FaultKind = (typeof FAULTS)[number];

/** One fault: what, to whom, when and for how long. Times are ms from the start of the run. */
export interface Step {
  readonly kind: FaultKind;
  /** A service, a disk, a link, or the engine's name. */
  readonly target: string;
  readonly atMs: number;
  readonly forMs: number;
  /** How bad: a share in percent, ms of delay, KB a second, or days, as the fault has it; else 0. */
  readonly amount: number;
}

/** What a deployment has that can be spoiled. */
export interface Parts {
  readonly services: readonly string[];
  readonly links: readonly string[];
  readonly disks: readonly string[];
}

const SECOND_MS = 1_000;
/** Undisturbed, at the start and at the end: what is slow then is a defect. */
const QUIET_MS = 5 * SECOND_MS;
/** Between two rounds, so that what waits can be worked off. */
const REST_MS = { least: 6 * SECOND_MS, most: 12 * SECOND_MS };
const OWNERS: Readonly<Record<string, string>> = { broker: "kafka", spool: "capture" };
/** Of ten rounds, those in which a second fault begins before the first is over. */
const DOUBLE = 4;

/**
 * Faults in rounds, with a rest after each. They are dealt like cards: every kind comes once before any comes again,
 * so that twenty minutes have all of them. The same seed gives the same plan.
 *
 * @param of.ms length of the run; every fault is over before its end
 */
export function planFaults(of: { seed: string; ms: number; parts: Parts }): Step[] {
  const { seed, ms, parts } = of;
  const dice = random(`faults ${seed}`);
  const steps: Step[] = [];
  let deck: FaultKind[] = [];
  const draw = () => {
    if (deck.length === 0) deck = shuffled(FAULTS, dice);
    return deck.pop()!;
  };
  for (let atMs = QUIET_MS; ;) {
    const first = stepOf(draw(), atMs, parts, dice);
    const round = [first];
    if (dice.below(10) < DOUBLE) {
      const kind = draw();
      const second = stepOf(kind, atMs + dice.below(first.forMs), parts, dice);
      // Nothing is undone while it is done to again: such a card waits for its turn.
      if (whose(second) !== whose(first)) round.push(second);
      else deck.push(kind);
    }
    const overMs = Math.max(...round.map((step) => step.atMs + step.forMs));
    if (overMs + QUIET_MS > ms) return steps;
    steps.push(...round);
    atMs = overMs + between(REST_MS.least, REST_MS.most, dice);
  }
}

/** Whom a step is done to: whose disk it is, say. */
export function whose({ target }: Pick<Step, "target">): string {
  return OWNERS[target] ?? target;
}

/** One step in words. */
export function wordsOf({ kind, target, atMs, forMs, amount }: Step): string {
  const seconds = (time: number) => (time / SECOND_MS).toFixed(1);
  return `${seconds(atMs)} s: ${kind} ${target}${amount === 0 ? "" : ` ${amount}`} for ${seconds(forMs)} s`;
}

function stepOf(kind: FaultKind, atMs: number, parts: Parts, dice: Random): Step {
  const lasting = (least: number, most: number) => between(least * SECOND_MS, most * SECOND_MS, dice);
  const step = (target: string, forMs: number, amount = 0): Step => ({ kind, target, atMs, forMs, amount });
  const { services, links, disks } = parts;
  switch (kind) {
    case "kill":
      return step(dice.pick(services), lasting(0.5, 4));
    case "pause":
      return step(dice.pick(services), lasting(2, 20));
    case "broker-restart":
      return step("kafka", lasting(1, 8));
    case "broker-pause":
      return step("kafka", lasting(2, 15));
    case "full-disk":
      // Where no disk of its own can be had, somebody is killed in its place.
      return disks.length > 0
        ? step(dice.pick(disks), lasting(3, 10))
        : { ...step(dice.pick(services), lasting(0.5, 4)), kind: "kill" };
    case "store-503":
    case "store-cut":
    case "store-lost-answer":
      return step("store", lasting(4, 15), between(20, 60, dice));
    case "store-slow":
      return step("store", lasting(4, 15), between(300, 3_000, dice));
    case "store-pause":
      return step("store", lasting(2, 12));
    case "database-gone":
      return step("postgres", lasting(1, 10));
    case "link-latency":
      return step(dice.pick(links), lasting(4, 15), between(100, 1_500, dice));
    case "link-bandwidth":
      return step(dice.pick(links), lasting(4, 15), between(30, 300, dice));
    case "link-reset":
      return step(dice.pick(links), lasting(3, 10), between(1, 500, dice));
    case "link-cut":
      return step(dice.pick(links), lasting(2, 12));
    case "clock":
      return step(dice.pick(["all", ...services]), lasting(8, 20), dice.pick([1, -1]));
  }
}

function between(least: number, most: number, dice: Random): number {
  return Math.round(least) + dice.below(Math.round(most - least) + 1);
}

function shuffled<Value>(values: readonly Value[], dice: Random): Value[] {
  const left = [...values];
  const out: Value[] = [];
  while (left.length > 0) out.push(...left.splice(dice.below(left.length), 1));
  return out;
}
