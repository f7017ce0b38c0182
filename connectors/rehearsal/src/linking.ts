import type { Linker, LinkHealth, Party } from "@daybook/contract";
import { setTimeout as sleep } from "node:timers/promises";
import { accounts, people } from "./cast.ts";

/** How long a made-up code is shown. */
const CODE_MS = 5_000;
/** The made-up phone scans what is shown after so many of them. */
const CODES = 2;
const AGREEING_MS = 1_500;

/** What the made-up week links. */
export const REHEARSAL_LINKS = { network: "whatsapp", method: "linked-device" } as const;

/**
 * Links phones that there are not: after two codes somebody is taken to have scanned one. Whoever tries Daybook sees what
 * an official sees; nothing comes of such an account.
 *
 * @param of.custodian of a person of the cast
 */
export function rehearsalLinks(of: {
  readonly custodian: (name: string) => Party;
  readonly codeMs?: number;
}): { readonly linker: Linker; readonly health: () => readonly LinkHealth[] } {
  const { codeMs = CODE_MS } = of;
  const linked = new Map<string, LinkHealth>();
  for (const { network, id, custodian } of Object.values(accounts)) {
    if (network !== REHEARSAL_LINKS.network) continue;
    linked.set(id, { account: id, custodian: of.custodian(custodian), status: "live", alerts: [] });
  }
  return {
    health: () => [...linked.values()],
    linker: {
      async *link(custodian, signal) {
        for (let n = 1; n <= CODES; n += 1) {
          const expiresAt = new Date(Date.now() + codeMs);
          yield { step: "show", url: `rehearsal:${n}:${expiresAt.getTime().toString(36)}`, expiresAt };
          await sleep(codeMs, undefined, { signal });
        }
        yield { step: "linking" };
        await sleep(Math.min(codeMs, AGREEING_MS), undefined, { signal });
        const account = numberOf(custodian);
        const again = linked.has(account);
        linked.set(account, { account, custodian, status: "live", alerts: [] });
        yield { step: "linked", account, again };
      },
    },
  };
}

/** Of a range that is kept for fiction. */
function numberOf({ id, name }: Party): string {
  const known = Object.values(people).find((one) => one.name === name);
  if (known) return known.number;
  return `+447700900${500 + (Buffer.from(id).reduce((sum, byte) => sum + byte, 0) % 500)}`;
}
