import { z } from "zod";

/** An address of mail, in lower case. */
export const mailAddress = z
  .string()
  .regex(/^[^\s@,]{1,200}@[^\s@,]{1,255}$/, "must be an address")
  .toLowerCase();

/** An IP address, or a network, of a mail server. */
export const mailSource = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]);

/** Whether it is this machine alone: nobody listens in between. */
export function isThisMachine(source: string): boolean {
  return source === "::1" || /^127\.\d+\.\d+\.\d+(?:\/(?:[89]|[12]\d|3[0-2]))?$/.test(source);
}

/** How many mailboxes, and addresses of one kind, a setting may name. */
export const MAX_MAILBOXES = 20_000;
export const MAX_JOURNAL_ADDRESSES = 100;
export const MAX_SOURCES = 1_000;
