import { chmod, readFile, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { Home } from "@daybook/compose";
import type { RecordsOptions } from "@daybook/records";

/** The local owner's token, in the home's `run/token`, for the commands of the user who started the server. */
export function ownerToken({ paths }: Home): NonNullable<RecordsOptions["owner"]> {
  const path = join(paths.run, "token");
  return {
    name: userInfo().username,
    read: async () => {
      try {
        return (await readFile(path, "utf8")).trim();
      } catch {
        return undefined;
      }
    },
    write: async (token) => {
      await writeFile(path, `${token}\n`, { mode: 0o600, flush: true });
      await chmod(path, 0o600);
    },
  };
}
