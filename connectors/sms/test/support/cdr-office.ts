import { createHash } from "node:crypto";
import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Captured } from "@daybook/contract";
import type { CdrSettings } from "../../src/index.ts";
import { FERGUS, message, OFFICIAL, words } from "../fixtures/pdus.ts";
import { ACCOUNT, type Office, type OfficeOptions, openOffice, records } from "./office.ts";

export const HEAD = "Message Id;From;To;Submitted;Type";
export const DAY = "2026-03-04";
export const at = (time: string) => Date.parse(`${DAY}T${time}Z`);

/** An office whose aggregator drops files, in which it writes the times of London in summer. */
export async function office(more: OfficeOptions & { readonly cdr?: Partial<CdrSettings> } = {}) {
  const clock = { now: at("08:00:00") };
  const opened = await openOffice({ ...(more.sink && { sink: more.sink }) });
  const dir = join(opened.dir, "cdr");
  mkdirSync(dir);
  const cdr: CdrSettings = {
    dir,
    columns: { from: "From", to: "To", time: "Submitted", id: "Message Id" },
    only: { Type: ["MO", "MT"] },
    ...{ delimiter: ";", dates: "dmy", everyMs: 5, settleMs: 0 },
    instantOf: (local) => Date.parse(`${local}+01:00`),
    ...more.cdr,
  };
  const of = await opened.restart({ relay: [ACCOUNT], ...more, now: () => new Date(clock.now), cdr });
  return { ...of, clock, cdr };
}
export type CdrOffice = Awaited<ReturnType<typeof office>>;

let ids = 0;
/** As the aggregator writes it, an hour later on its clock. */
export function row(
  time: string,
  { from = FERGUS, to = OFFICIAL, type = "MO", id = `id-${(ids += 1)}` } = {},
): string {
  const local = new Date(at(time) + 3_600_000).toISOString().slice(11, 19);
  return `${id};${from};"${to}";04/03/2026 ${local};${type}`;
}

export function drop(
  { cdr, clock }: CdrOffice,
  rows: readonly string[],
  name = "one.csv",
  head = HEAD,
): string {
  const text = [`\uFEFF${head}`, ...rows].join("\r\n");
  const file = join(cdr.dir, name);
  writeFileSync(file, text);
  utimesSync(file, new Date(clock.now - 1_000), new Date(clock.now - 1_000));
  return createHash("sha256").update(text).digest("hex");
}

/** A text comes then. */
export async function come(of: CdrOffice, time: string, text = time, source = FERGUS): Promise<void> {
  of.clock.now = at(time);
  await of.smsc.store(message({ ...words(text), source: { ton: 1, npi: 1, address: source } }));
}

export const allGaps = (of: Office) => records(of.events()).filter(({ event }) => event.kind === "gap");
export const gaps = (of: Office) => allGaps(of).filter(({ event }) => !/T2[01]:/.test(event.gap?.from ?? ""));
export const alerts = (of: Office) => of.connector.health()[0]?.alerts ?? [];
export const evidence = ({ event }: Captured) =>
  JSON.parse(Buffer.from(event.raw, "base64").toString()) as { file: string; rows: string[][] };
/** Resolves once a file that was dropped last is compared: so were those before it. @param lost when a message is said to have come */
export async function compared(of: CdrOffice, lost = "20:00:00"): Promise<void> {
  of.clock.now = at("23:00:00");
  drop(of, [row(lost)], `zz-${lost.slice(0, 2)}.csv`);
  await until(() => allGaps(of).some(({ event }) => event.gap?.from === `${DAY}T${lost}.000Z`));
}
export const until = async (is: () => boolean) => {
  while (!is()) await sleep(2);
};
