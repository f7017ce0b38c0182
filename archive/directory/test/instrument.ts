import fsp, { type FileHandle } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

type Method = (...args: unknown[]) => Promise<unknown>;

const FUNCTIONS = ["open", "link", "lstat", "mkdir", "readdir", "rename", "rm", "rmdir", "unlink"];
const HANDLE_METHODS = ["chmod", "close", "read", "readFile", "stat", "sync", "utimes", "write", "writeFile"];

/**
 * Has `before` see every file operation of this process before it happens; what it throws, the caller gets, and
 * a promise of it is waited for. For a child process: it cannot be undone.
 */
export async function instrument(
  before: (operation: string, path: string) => Promise<void> | void,
): Promise<void> {
  const paths = new WeakMap<object, string>();
  const probe = await fsp.open("/dev/null");
  const handle = Object.getPrototypeOf(probe) as Record<string, Method>;
  await probe.close();
  for (const name of HANDLE_METHODS) {
    const original = handle[name]!;
    handle[name] = async function (this: FileHandle, ...args) {
      await before(`file.${name}`, paths.get(this) ?? "");
      return original.apply(this, args);
    };
  }
  const functions = fsp as unknown as Record<string, Method>;
  for (const name of FUNCTIONS) {
    const original = functions[name]!;
    functions[name] = async (...args) => {
      await before(name, String(args.at(name === "link" || name === "rename" ? 1 : 0)));
      const result = await original(...args);
      if (name === "open") paths.set(result as object, String(args[0]));
      return result;
    };
  }
  syncBuiltinESMExports();
}
