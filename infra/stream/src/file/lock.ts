import { randomBytes } from "node:crypto";
import { readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { StreamError } from "../port.ts";
import type { Disk } from "./disk.ts";
import { mayRun, type ProcessIdentity, thisProcess } from "./process-identity.ts";
import { readJson, writeJson } from "./small-file.ts";

const LOCK = /^lock-[0-9a-f]{16}$/;

/**
 * Keeps every other process, and a second opening in this one, out of a directory. Each comer writes a file of
 * its own first and then looks at the others', so of two that come together at least one sees the other; no
 * file of a process that may run is ever removed by another.
 *
 * @returns lets go of it
 * @throws {StreamError} `unavailable`: says who holds it
 */
export async function lockDirectory(root: string, disk: Disk): Promise<() => Promise<void>> {
  const self = thisProcess();
  const name = `lock-${randomBytes(8).toString("hex")}`;
  const release = () => unlink(join(root, name));
  await writeJson(join(root, name), { v: 1, ...self }, disk);
  try {
    for (const other of await readdir(root)) {
      if (other === name || !LOCK.test(other)) continue;
      const path = join(root, other);
      const holder = await readJson(path);
      if (holder === undefined) continue;
      const known = parseHolder(holder);
      if (!known)
        throw new StreamError("unavailable", `${path} cannot be read: remove it if nothing uses ${root}`);
      if (mayRun(known, self)) {
        const who = `process ${known.pid} on ${known.host}`;
        throw new StreamError(
          "unavailable",
          `${root} is open in ${who}: stop it (if it is gone, remove ${path})`,
        );
      }
      await unlink(path).catch(() => undefined);
    }
    return release;
  } catch (cause) {
    await release();
    throw cause;
  }
}

function parseHolder(fields: Readonly<Record<string, unknown>> | null): ProcessIdentity | undefined {
  const { v, pid, started, boot, pidNamespace, host } = fields ?? {};
  if (v !== 1 || typeof pid !== "number" || !Number.isSafeInteger(pid) || pid < 1) return undefined;
  if (typeof started !== "string" || typeof boot !== "string") return undefined;
  if (typeof pidNamespace !== "string" || typeof host !== "string") return undefined;
  return { pid, started, boot, pidNamespace, host };
}
