/** An official address that copies are sent to: `record@example.gov.uk` is `record+minister@example.gov.uk` too. */
export class CopyAddresses {
  readonly #known: ReadonlySet<string>;

  constructor(addresses: readonly string[]) {
    this.#known = new Set(addresses.map((address) => address.toLowerCase()));
  }

  has(address: string): boolean {
    return this.#known.has(split(address).bare);
  }

  /** What follows the plus: the post, as a rule. It says where to file it, and proves nothing. */
  postOf(addresses: readonly string[]): string | undefined {
    for (const address of addresses) {
      const { bare, detail } = split(address);
      if (detail !== undefined && this.#known.has(bare)) return detail;
    }
    return undefined;
  }
}

/** RFC 5233: what stands behind the first plus of the local part is a detail. */
function split(address: string): { bare: string; detail?: string } {
  const lower = address.toLowerCase();
  const at = lower.lastIndexOf("@");
  const plus = lower.indexOf("+");
  if (plus < 0 || plus > at) return { bare: lower };
  return { bare: lower.slice(0, plus) + lower.slice(at), detail: lower.slice(plus + 1, at).slice(0, 64) };
}
