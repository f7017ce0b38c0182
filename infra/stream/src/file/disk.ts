import { type FileHandle, open } from "node:fs/promises";
import { StreamError } from "../port.ts";

/** An open segment file. */
export interface DiskFile {
  /** Writes all of it, or throws: then a part of it may be written. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Fills `into` as far as the file reaches. @returns bytes read */
  read(into: Uint8Array, position: number): Promise<number>;
  datasync(): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  sizeBytes(): Promise<number>;
  close(): Promise<void>;
}

/** The calls of the file system that can fail in ways which matter here. Tests put faults behind it. */
export interface Disk {
  /** `create`: fails when the file is there. Files are made with mode 0600. */
  open(path: string, mode: "read" | "write" | "create"): Promise<DiskFile>;
  /** Makes the names in a directory durable. */
  syncDirectory(path: string): Promise<void>;
}

const FLAGS = { read: "r", write: "r+", create: "wx+" } as const;

/** The file system of the machine. */
export const disk: Disk = {
  async open(path, mode) {
    return new NodeFile(await open(path, FLAGS[mode], 0o600));
  },
  async syncDirectory(path) {
    const directory = await open(path, "r");
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  },
};

class NodeFile implements DiskFile {
  readonly #file: FileHandle;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, position + done);
      done += bytesWritten;
    }
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    let done = 0;
    while (done < into.length) {
      const { bytesRead } = await this.#file.read(into, done, into.length - done, position + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return done;
  }

  datasync(): Promise<void> {
    return this.#file.datasync();
  }

  truncate(sizeBytes: number): Promise<void> {
    return this.#file.truncate(sizeBytes);
  }

  async sizeBytes(): Promise<number> {
    return (await this.#file.stat()).size;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** Whether the disk, or the owner's quota of it, has no room. */
export function isFull(cause: unknown): boolean {
  return ["ENOSPC", "EDQUOT"].includes(systemCode(cause));
}

/** The system's name of an error, such as ENOENT; empty for any other error. */
export function systemCode(cause: unknown): string {
  const code = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined;
  return typeof code === "string" ? code : "";
}

/** An error of the file system in the words of the port; one of the port stays as it is. */
export function diskError(cause: unknown, doing: string): StreamError {
  if (cause instanceof StreamError) return cause;
  return isFull(cause)
    ? new StreamError("full", `no room on the disk to ${doing}: make room, then repeat`, { cause })
    : new StreamError("unavailable", `the disk failed to ${doing}`, { cause });
}
