import { createHash, hash } from "node:crypto";
import { safePath } from "./file-name.ts";
import type { FileBody, PackageSink } from "./sink.ts";
import { Spool } from "./spool.ts";

/** Lines of `bag-info.txt` that the caller knows. */
export interface BagInfo {
  readonly name: string;
  readonly organisation?: string;
  readonly createdAt: Date;
}

const DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";

/**
 * A BagIt 1.0 bag on its way into a sink: every file is hashed as it passes.
 *
 * @see RFC 8493
 */
export class Bag {
  readonly #sink: PackageSink;
  readonly #manifest = new Spool();
  #tags = "";
  #files = 0;
  #octets = 0;

  constructor(sink: PackageSink) {
    this.#sink = sink;
  }

  /** Adds a payload file. @param path below `data/` */
  async payload(path: string, body: FileBody): Promise<void> {
    if (typeof body === "string" || body instanceof Uint8Array) return this.whole(path, body, digestOf(body));
    const name = `data/${safePath(path)}`;
    const hashing = createHash("sha256");
    let octets = 0;
    await this.#sink.add(
      name,
      watch(body, (chunk) => {
        hashing.update(chunk);
        octets += chunk.length;
      }),
    );
    this.#list(name, hashing.digest("hex"), octets);
  }

  /**
   * As `payload`, for content at hand. @param sha256 of the content, hex
   * @returns undefined when the next file may come at once
   */
  whole(path: string, body: Uint8Array | string, sha256: string): Promise<void> | undefined {
    const name = `data/${safePath(path)}`;
    this.#list(name, sha256, typeof body === "string" ? Buffer.byteLength(body) : body.length);
    return this.#sink.add(name, body);
  }

  /** Writes the tag files. @returns SHA-256 of `tagmanifest-sha256.txt`, hex: it commits to every file */
  async finish(info: BagInfo): Promise<string> {
    await this.#tag("bagit.txt", DECLARATION);
    await this.#tag("bag-info.txt", this.#info(info));
    await this.#manifestFile();
    await this.#sink.add("tagmanifest-sha256.txt", this.#tags);
    await this.#sink.finish();
    return hash("sha256", this.#tags);
  }

  #list(name: string, sha256: string, octets: number): void {
    this.#manifest.append(`${sha256}  ${name}\n`);
    this.#files += 1;
    this.#octets += octets;
  }

  async #tag(name: string, text: string): Promise<void> {
    this.#tags += `${hash("sha256", text)}  ${name}\n`;
    await this.#sink.add(name, text);
  }

  async #manifestFile(): Promise<void> {
    const hashing = createHash("sha256");
    const watched = watch(this.#manifest.bytes(), (chunk) => hashing.update(chunk));
    await this.#sink.add("manifest-sha256.txt", watched);
    this.#tags += `${hashing.digest("hex")}  manifest-sha256.txt\n`;
  }

  #info({ name, organisation, createdAt }: BagInfo): string {
    const lines = [
      ...(organisation === undefined ? [] : [`Source-Organization: ${oneLine(organisation)}`]),
      `External-Identifier: ${oneLine(name)}`,
      `Bagging-Date: ${createdAt.toISOString().slice(0, 10)}`,
      "Bag-Software-Agent: Daybook",
      `Payload-Oxum: ${this.#octets}.${this.#files}`,
    ];
    return `${lines.join("\n")}\n`;
  }
}

/** SHA-256, hex. */
export function digestOf(body: Uint8Array | string): string {
  return hash("sha256", body);
}

async function* watch(
  body: AsyncIterable<Uint8Array>,
  see: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of body) {
    see(chunk);
    yield chunk;
  }
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim().slice(0, 500);
}
