import type { Cells } from "../cells.ts";
import type { Database } from "../database.ts";
import { RecordsError } from "../error.ts";
import { hashOf, newSecret } from "./secrets.ts";

export type Purpose = "passkey" | "invitation" | "own-passkey" | "directory" | "confirm" | "directory-again";

const GOOD_MS = 5 * 60_000;
/** Begun and not finished, over all addresses. */
const MAX_OPEN = 20_000;

/** What was begun and waits for a browser's answer: for five minutes, and for one answer, right or wrong. */
export class Ceremonies {
  readonly #database: Database;
  readonly #cells: Cells;
  readonly #now: () => Date;

  constructor(of: { database: Database; cells: Cells; now: () => Date }) {
    this.#database = of.database;
    this.#cells = of.cells;
    this.#now = of.now;
  }

  /** @returns by what it is finished. @throws {RecordsError} `unavailable`: too many are open */
  async begin(purpose: Purpose, data: Readonly<Record<string, string>>): Promise<string> {
    const now = this.#now();
    await this.#database.query("DELETE FROM records.ceremony WHERE expires_at <= $1", [now.toISOString()]);
    const [open] = await this.#database.query<{ count: number }>(
      "SELECT count(*)::int AS count FROM records.ceremony",
    );
    if ((open?.count ?? 0) >= MAX_OPEN)
      throw new RecordsError("unavailable", "too many people are signing in: try again in a moment");
    const secret = newSecret();
    const hash = hashOf(secret);
    await this.#database.query("INSERT INTO records.ceremony VALUES ($1, $2, $3, $4)", [
      hash,
      purpose,
      this.#cells.seal(placeOf(hash), JSON.stringify(data)),
      new Date(now.getTime() + GOOD_MS).toISOString(),
    ]);
    return secret;
  }

  /** What was kept at its beginning. It cannot be taken again. @throws {RecordsError} `sign-in-refused` */
  async take(purpose: Purpose, secret: string): Promise<Readonly<Record<string, string>>> {
    const hash = hashOf(secret);
    const [row] = await this.#database.query<{ data: Buffer; expires_at: Date }>(
      "DELETE FROM records.ceremony WHERE hash = $1 AND purpose = $2 RETURNING data, expires_at",
      [hash, purpose],
    );
    if (!row || row.expires_at <= this.#now())
      throw new RecordsError("sign-in-refused", "this took too long, or was done before: begin again");
    return JSON.parse(this.#cells.open(placeOf(hash), row.data)) as Record<string, string>;
  }
}

function placeOf(hash: Buffer): string {
  return `ceremony.data/${hash.toString("hex")}`;
}
