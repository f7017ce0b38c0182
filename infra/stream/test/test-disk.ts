import { disk, type Disk, type DiskFile } from "../src/file/disk.ts";

/** Called before the real thing; may wait, or throw in its stead. */
export interface Hooks {
  write?: (bytes: Uint8Array, path: string) => Promise<void>;
  /** How much of a write reaches the file before `error` comes. */
  writePart?: { bytes: number; error: NodeJS.ErrnoException } | undefined;
  datasync?: (path: string) => Promise<void>;
  truncate?: (path: string) => Promise<void>;
  create?: (path: string) => Promise<void>;
}

/** The machine's disk with faults before it, which counts what reaches it. Only segment files are touched by hooks. */
export class TestDisk implements Disk {
  hooks: Hooks = {};
  readonly counts = { write: 0, datasync: 0, syncDirectory: 0 };

  async open(path: string, mode: "read" | "write" | "create"): Promise<DiskFile> {
    if (mode === "create" && path.endsWith(".log")) await this.hooks.create?.(path);
    const file = await disk.open(path, mode);
    return path.endsWith(".log") ? this.#wrap(file, path) : file;
  }

  async syncDirectory(path: string): Promise<void> {
    this.counts.syncDirectory += 1;
    await disk.syncDirectory(path);
  }

  #wrap(file: DiskFile, path: string): DiskFile {
    return {
      write: async (bytes, position) => {
        this.counts.write += 1;
        await this.hooks.write?.(bytes, path);
        const { writePart } = this.hooks;
        if (!writePart) return file.write(bytes, position);
        await file.write(bytes.subarray(0, writePart.bytes), position);
        throw writePart.error;
      },
      datasync: async () => {
        this.counts.datasync += 1;
        await this.hooks.datasync?.(path);
        await file.datasync();
      },
      truncate: async (size) => {
        await this.hooks.truncate?.(path);
        await file.truncate(size);
      },
      read: (into, position) => file.read(into, position),
      sizeBytes: () => file.sizeBytes(),
      close: () => file.close(),
    };
  }
}

/** As the system makes them. */
export function systemError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`injected ${code}`), { code });
}
