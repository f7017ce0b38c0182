import { type Captured, ConnectorError, type Event, type Party, type Sink } from "@daybook/contract";
import { createHash } from "node:crypto";
import { CONNECTOR, type OfficialNumber } from "./options.ts";

type Period = Pick<OfficialNumber, "from" | "until">;

/** Whose official numbers are, and were. */
export class Holders {
  readonly #byNumber: ReadonlyMap<string, readonly OfficialNumber[]>;

  constructor(numbers: readonly OfficialNumber[]) {
    this.#byNumber = Map.groupBy(numbers, ({ number }) => number);
  }

  /** Each number once. */
  get numbers(): readonly string[] {
    return [...this.#byNumber.keys()];
  }

  /** Whether it is, was or will be anybody's official number. */
  has(number: string): boolean {
    return this.#byNumber.has(number);
  }

  /** @param at milliseconds since 1970 @returns undefined where it is nobody's then */
  of(number: string, at: number): Party | undefined {
    return this.#byNumber.get(number)?.find((one) => isWithin(one, at))?.custodian;
  }
}

/** Those that somebody holds then. @param at milliseconds since 1970 */
export function held(numbers: readonly OfficialNumber[], at: number): OfficialNumber[] {
  return numbers.filter((one) => isWithin(one, at));
}

function isWithin({ from, until }: Period, at: number): boolean {
  return (from?.getTime() ?? -Infinity) <= at && at < (until?.getTime() ?? Infinity);
}

const ENDED =
  "The number is not this custodian's any more: what comes to it or goes from it from then on is not recorded as theirs";
const BEGAN = "The number is this custodian's from then on";

/** Tells that numbers change hands. After a start it tells all of it again, which are the same records. */
export class Changes {
  readonly #numbers: readonly OfficialNumber[];
  readonly #told = new Set<string>();

  constructor(numbers: readonly OfficialNumber[]) {
    this.#numbers = numbers;
  }

  /** What cannot be recorded now is told the next time. @param at milliseconds since 1970 */
  async tell(sink: Pick<Sink, "capture">, at: number): Promise<void> {
    const changes = changesOf(this.#numbers, at).filter(({ eventId }) => !this.#told.has(eventId));
    if (changes.length === 0) return;
    try {
      await sink.capture(changes);
    } catch (cause) {
      if (cause instanceof ConnectorError && cause.retryable) return;
      throw cause;
    }
    for (const { eventId } of changes) this.#told.add(eventId);
  }
}

function changesOf(numbers: readonly OfficialNumber[], at: number): Captured[] {
  return numbers.flatMap((one) => [
    ...(one.from && one.from.getTime() <= at ? [noticeOf(one, one.from, "began")] : []),
    ...(one.until && one.until.getTime() <= at ? [noticeOf(one, one.until, "ended")] : []),
  ]);
}

function noticeOf({ number, custodian }: OfficialNumber, at: Date, what: "began" | "ended"): Captured {
  const eventId = `number:${number}:${what}:${at.toISOString()}:${custodian.id}`;
  const event: Omit<Event, "attachments" | "capturedAt"> = {
    v: 1,
    kind: "notice",
    network: "sms",
    method: "carrier",
    provenance: "captured",
    account: number,
    custodian,
    receivedAt: at.toISOString(),
    text: what === "ended" ? ENDED : BEGAN,
    raw: "",
    connector: CONNECTOR,
  };
  return { eventId, stableDigest: createHash("sha256").update(eventId).digest("hex"), event };
}
