import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";

/** A file system of its own, which can be filled without harm to the machine. */
export interface SmallDisk {
  readonly path: string;
  /** Takes what room there is, to the last byte. */
  fill(): void;
  makeRoom(): Promise<void>;
  resize(megabytes: number): void;
  unmount(): void;
}

/**
 * Mounts a tmpfs.
 *
 * @param path made if need be
 * @returns undefined where none can be mounted: that takes root, on Linux
 */
export function mountSmallDisk(path: string, megabytes: number): SmallDisk | undefined {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const mount = (options: string) =>
    execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", path], { stdio: "ignore" });
  try {
    mount(`size=${megabytes}m,mode=700`);
  } catch {
    return undefined;
  }
  const filler = join(path, "filler");
  return {
    path,
    fill: () => fill(filler),
    makeRoom: () => rm(filler, { force: true }),
    resize: (size) => mount(`remount,size=${size}m`),
    // Lazily: whoever was killed may hold a file for a moment longer.
    unmount: () => void execFileSync("umount", ["-l", path]),
  };
}

function fill(path: string): void {
  const file = openSync(path, "a");
  try {
    for (let size = 1 << 20; size > 0; size >>= 1) {
      try {
        for (;;) if (writeSync(file, Buffer.alloc(size)) < size) break;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      }
    }
  } finally {
    closeSync(file);
  }
}
