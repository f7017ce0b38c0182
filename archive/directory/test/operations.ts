import { createHash } from "node:crypto";
import type { Stores } from "@daybook/archive-core";
import { openDirectoryStores } from "@daybook/directory";

/** Long and different, so that their bytes can be looked for on the disk. */
export const OLD = "old bytes, ".repeat(40);
export const NEW = "new bytes, ".repeat(50);

const KEY = "log/shard/key";
export const PAST = new Date(Date.now() - 86_400_000);
export const FUTURE = new Date(Date.now() + 86_400_000);

export function openStores(home: string, now?: () => Date): Promise<Stores> {
  return openDirectoryStores({
    objects: `${home}/objects`,
    heads: `${home}/heads`,
    keyring: `${home}/keyring`,
    ...(now && { now }),
  });
}

/** Something a store does, as seen from outside: it has happened or it has not. */
export interface Operation {
  readonly name: string;
  prepare(stores: Stores): Promise<unknown>;
  /** May be repeated after a failure. */
  act(stores: Stores): Promise<unknown>;
  observe(stores: Stores): Promise<string>;
  readonly before: string;
  readonly after: string;
  /** Whether, once it has happened, nothing of `OLD` may be on the disk. */
  readonly destroysOld: boolean;
}

const nothing = () => Promise.resolve();
const putLocked = (stores: Stores, retainUntil: Date) =>
  stores.records.put({
    key: KEY,
    body: Buffer.from(OLD),
    retainUntil,
    sha256: createHash("sha256").update(OLD).digest("hex"),
  });
const locked = async ({ records }: Stores) => {
  const object = await records.stat(KEY);
  if (!object) return "none";
  const whole = Buffer.from(await records.get(KEY)).toString() === OLD ? "whole" : "BROKEN";
  return `${whole}, ${object.retainUntil > new Date() ? "locked" : "open"}${object.legalHold ? ", held" : ""}`;
};
const mutable = async ({ keyring }: Stores) => {
  const object = await keyring.read(KEY);
  return object ? Buffer.from(object.body).toString() : "none";
};
const replace = async ({ keyring }: Stores) => {
  const now = await keyring.read(KEY);
  if (now && Buffer.from(now.body).toString() === NEW) return;
  await keyring.replace(KEY, Buffer.from(NEW), now?.tag);
};

export const OPERATIONS: readonly Operation[] = [
  {
    name: "put a locked object",
    prepare: nothing,
    act: (stores) => putLocked(stores, FUTURE),
    observe: locked,
    before: "none",
    after: "whole, locked",
    destroysOld: false,
  },
  {
    name: "extend a lock",
    prepare: (stores) => putLocked(stores, PAST),
    act: ({ records }) => records.extend(KEY, FUTURE),
    observe: locked,
    before: "whole, open",
    after: "whole, locked",
    destroysOld: false,
  },
  {
    name: "set a legal hold",
    prepare: (stores) => putLocked(stores, PAST),
    act: ({ records }) => records.setLegalHold(KEY, true),
    observe: locked,
    before: "whole, open",
    after: "whole, open, held",
    destroysOld: false,
  },
  {
    name: "lift a legal hold",
    prepare: async (stores) => {
      await putLocked(stores, PAST);
      await stores.records.setLegalHold(KEY, true);
    },
    act: ({ records }) => records.setLegalHold(KEY, false),
    observe: locked,
    before: "whole, open, held",
    after: "whole, open",
    destroysOld: false,
  },
  {
    name: "remove a locked object whose lock has lapsed",
    prepare: (stores) => putLocked(stores, PAST),
    act: ({ records }) => records.remove(KEY),
    observe: locked,
    before: "whole, open",
    after: "none",
    destroysOld: true,
  },
  {
    name: "create an object that changes",
    prepare: nothing,
    act: replace,
    observe: mutable,
    before: "none",
    after: NEW,
    destroysOld: true,
  },
  {
    name: "replace an object",
    prepare: ({ keyring }) => keyring.put(KEY, Buffer.from(OLD)),
    act: replace,
    observe: mutable,
    before: OLD,
    after: NEW,
    destroysOld: true,
  },
  {
    name: "put an object",
    prepare: ({ keyring }) => keyring.put(KEY, Buffer.from(OLD)),
    act: ({ keyring }) => keyring.put(KEY, Buffer.from(NEW)),
    observe: mutable,
    before: OLD,
    after: NEW,
    destroysOld: true,
  },
  {
    name: "remove an object",
    prepare: ({ keyring }) => keyring.put(KEY, Buffer.from(OLD)),
    act: ({ keyring }) => keyring.remove(KEY),
    observe: mutable,
    before: OLD,
    after: "none",
    destroysOld: true,
  },
];
