/** Puts the lines of a connection together again. */
export class LineReader {
  #rest = "";

  /** @returns the lines that are whole now */
  push(data: Uint8Array): string[] {
    const lines = (this.#rest + Buffer.from(data).toString("latin1")).split("\n");
    this.#rest = lines.pop() ?? "";
    return lines;
  }
}
