import type { Identifiers } from "./identifiers.ts";

/** A name, number or title that belongs in a sealed cell. */
export interface Named {
  /** Of the person or conversation. */
  readonly key: bigint;
  /** Of the name or title. */
  readonly nameKey: bigint;
  readonly name: string;
  /** When it was first seen, as a record's sort time. */
  readonly at: number;
  /** What is sealed, as JSON. */
  readonly cell: Readonly<Record<string, string>>;
  /** The vocabulary's generation in which it was last known to be stored. */
  storedAt: number;
}

const REMEMBERED = 50_000;

/**
 * Remembers the latest name of each person or conversation, so that one that recurs costs a look-up, and is
 * the same object each time.
 */
export function createNames(
  identifiers: Identifiers,
  kind: { id: "custodian" | "party" | "conversation"; name: "name" | "title" },
): (about: {
  network?: string;
  id: string;
  name: string;
  at: number;
  more?: Record<string, string>;
}) => Named {
  // By network, then by id; a custodian is of no network, a conversation is known by its id alone.
  const latest = new Map<string, Map<string, Named>>();
  return ({ network = "", id, name, at, more }) => {
    const ofNetwork = latest.get(network) ?? new Map<string, Named>();
    if (ofNetwork.size === 0) latest.set(network, ofNetwork);
    const known = ofNetwork.get(id);
    if (known?.name === name) return known;
    if (ofNetwork.size >= REMEMBERED) ofNetwork.clear();
    const named: Named = {
      key: known?.key ?? identifiers.of(kind.id, ...(kind.id === "party" ? [network, id] : [id])),
      nameKey: identifiers.of(kind.name, kind.name === "title" ? name.normalize("NFC") : name),
      name,
      at,
      cell: { id, [kind.name]: name, ...(network === "" ? {} : { network }), ...more },
      storedAt: -1,
    };
    ofNetwork.set(id, named);
    return named;
  };
}
