import type { Live } from "@daybook/capture";
import { z } from "zod";

/** E.164, with its plus. */
export const e164 = z
  .string()
  .regex(/^\+[1-9]\d{6,14}$/, "must be a number with its country, like +447700900123");

const DAY_MS = 86_400_000;
const midnightOf = (day: string) => new Date(`${day}T00:00:00.000Z`);

interface Period {
  readonly from?: Date | undefined;
  readonly until?: Date | undefined;
}
const startOf = (one: Period) => one.from?.getTime() ?? -Infinity;
const endOf = (one: Period | undefined) => one?.until?.getTime() ?? Infinity;

/** An official number and its custodian, with the first and the last day in UTC on which it is theirs. */
export const smsNumber = z
  .strictObject({
    number: e164,
    custodian: z.string().trim().min(1).max(4_096),
    from: z.iso.date("must be a day like 2026-03-01").optional(),
    until: z.iso.date("must be a day like 2026-03-01").optional(),
  })
  .transform(({ number, custodian, from, until }) => ({
    ...{ number, custodian },
    ...(from !== undefined && { from: midnightOf(from) }),
    /** The midnight after. */
    ...(until !== undefined && { until: new Date(midnightOf(until).getTime() + DAY_MS) }),
  }))
  .refine((one) => startOf(one) < endOf(one), "ends before it begins");
export type SmsNumber = z.infer<typeof smsNumber>;

export const smsNumbers = z
  .array(smsNumber)
  .min(1)
  .max(1_000)
  .refine(
    (all) =>
      [...Map.groupBy(all, ({ number }) => number).values()].every((periods) =>
        [...periods]
          .sort((a, b) => startOf(a) - startOf(b))
          .every((one, n, sorted) => n === 0 || endOf(sorted[n - 1]) <= startOf(one)),
      ),
    "a number is two custodians' at one time: say from and until which day",
  );

/** One line: `NUMBER CUSTODIAN`, then perhaps `from DAY`, `until DAY`, or both. */
export function numberLine(line: string): z.input<typeof smsNumber> {
  const found = /^(\S+)\s+(.*?)(?:\s+from\s+(\d\S*))?(?:\s+until\s+(\d\S*))?$/.exec(line);
  const [, number = line, custodian = "", from, until] = found ?? [];
  return { number, custodian, from, until };
}

/** Accounts are those of who holds a number now; others who held it, or will, are named in records of that time. */
export function numbersLive(
  numbers: readonly SmsNumber[],
  now: number,
): Pick<Live, "accounts"> & { readonly holders: readonly string[] } {
  const current = numbers.filter((one) => startOf(one) <= now && now < endOf(one));
  return {
    accounts: current.map(({ custodian, number }) => ({
      ...{ custodian, network: "sms", method: "carrier", identifier: number },
    })),
    holders: [...new Set(numbers.map(({ custodian }) => custodian))],
  };
}
