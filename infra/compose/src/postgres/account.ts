import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { userInfo } from "node:os";
import { ComposeError } from "../error.ts";

/** A user and group by number. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** Whom PostgreSQL's programs run as when root starts them. */
export interface Accounts {
  /** The server and its files: no other process has this number. */
  readonly server: Account;
  /** `initdb` alone: it wants an account that has a name. */
  readonly setup: Account;
}

// Numbers that systemd keeps for services made at run time, so nobody's account: `DynamicUser=`.
const FIRST = 61_184;
const COUNT = 4_000;

/**
 * PostgreSQL refuses to run as root. No user is added to the system for it: the server gets a number of its own,
 * which without an account in the system owns nothing else.
 *
 * @param cluster where the server's files are, or will be
 * @returns undefined when the process is not root's, and the programs run as it does
 */
export async function chooseAccounts(cluster: string): Promise<Accounts | undefined> {
  if (userInfo().uid !== 0) return undefined;
  const named = await namedAccounts();
  const setup = named.find(({ name }) => name === "nobody") ?? named.find(({ uid }) => uid > 0);
  if (!setup) {
    throw new ComposeError(
      "postgres-unavailable",
      "PostgreSQL does not run as root, and /etc/passwd has no other user: start as another user",
    );
  }
  const taken = new Set(named.map(({ uid }) => uid));
  return { server: (await ownerOf(cluster)) ?? freeAccount(cluster, taken), setup };
}

async function ownerOf(cluster: string): Promise<Account | undefined> {
  const owner = await stat(cluster).catch(() => undefined);
  return owner && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : undefined;
}

function freeAccount(cluster: string, taken: ReadonlySet<number>): Account {
  const start = createHash("sha256").update(cluster).digest().readUInt32BE(0);
  for (let step = 0; step < COUNT; step += 1) {
    const uid = FIRST + ((start + step) % COUNT);
    if (!taken.has(uid)) return { uid, gid: uid };
  }
  throw new ComposeError(
    "postgres-unavailable",
    "no user number is free for PostgreSQL: start as another user",
  );
}

async function namedAccounts(): Promise<(Account & { name: string })[]> {
  const text = await readFile("/etc/passwd", "utf8").catch(() => "");
  return text.split("\n").flatMap((line) => {
    const [name = "", , uid, gid] = line.split(":");
    return /^\d+$/.test(uid ?? "") && /^\d+$/.test(gid ?? "")
      ? [{ name, uid: Number(uid), gid: Number(gid) }]
      : [];
  });
}
