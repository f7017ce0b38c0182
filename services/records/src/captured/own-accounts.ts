import type { Method, Network } from "@daybook/contract";
import { PLACES } from "../apply.ts";
import type { Cells } from "../cells.ts";
import type { Database } from "../database.ts";

/** An account while it was one person's. */
export interface OwnAccount {
  readonly id: string;
  readonly network: Network;
  readonly method: Method;
  readonly identifier: string | null;
  readonly custodian: { readonly id: string; readonly name: string };
  readonly from: string;
  /** Exclusive; null until further notice. */
  readonly to: string | null;
}

interface Row {
  readonly id: string;
  readonly network: Network;
  readonly method: Method;
  readonly identifier: Buffer | null;
  readonly custodian: string;
  readonly name: Buffer;
  readonly from: Date;
  readonly to: Date | null;
}

const MAX_ACCOUNTS = 100;

/** The accounts of these custodians, ended ones included, each for as long as it was theirs: the newest hundred. */
export async function ownAccounts(
  { database, cells }: { database: Database; cells: Cells },
  custodians: readonly string[],
): Promise<OwnAccount[]> {
  const rows = await database.query<Row>(
    `SELECT a.id, a.network, a.method, a.identifier, l.custodian, c.name, lower(l.valid) AS from, upper(l.valid) AS to
     FROM records.account_link l JOIN records.account a ON a.id = l.account JOIN records.custodian c ON c.id = l.custodian
     WHERE l.custodian = ANY ($1::uuid[]) ORDER BY lower(l.valid) DESC, a.id LIMIT ${MAX_ACCOUNTS}`,
    [custodians],
  );
  return rows.map(({ identifier, custodian, name, from, to, ...row }) => ({
    ...row,
    identifier: identifier && cells.open(PLACES.identifier(row.id), identifier),
    custodian: { id: custodian, name: cells.open(PLACES.custodian(custodian), name) },
    from: from.toISOString(),
    to: to && to.toISOString(),
  }));
}
