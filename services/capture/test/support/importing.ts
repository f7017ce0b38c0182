import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Postgres, startPostgres } from "@daybook/compose";
import type { Envelope } from "@daybook/contract";
import { openStream, parseSessionKey } from "@daybook/openpgp";
import { Pool } from "pg";
import { importFile, type ImportResult } from "../../src/import.ts";
import { ImportedLines } from "../../src/lines.ts";
import type { ImportRequest } from "../../src/record-chat.ts";
import { receiveUpload } from "../../src/upload.ts";
import { once, setUp } from "./capture.ts";

const KEY = Buffer.alloc(32, 3);

/** Imports over fakes and a real database, all new for each test. */
export class Importing {
  rig = setUp();
  #dir = "";
  #postgres: Postgres | undefined;
  #pool: Pool | undefined;
  #lines: ImportedLines | undefined;

  get pool(): Pool {
    return present(this.#pool);
  }

  get lines(): ImportedLines {
    return present(this.#lines);
  }

  async start(dir: string): Promise<void> {
    this.#dir = dir;
    await this.startDatabase();
  }

  /** Also the one that was stopped, with what it held. */
  async startDatabase(): Promise<void> {
    const log = { info: () => undefined, warn: () => undefined };
    this.#postgres = await startPostgres({ dataDir: join(this.#dir, "postgres"), log });
    this.#pool = new Pool({ ...this.#postgres.connection, max: 3 });
    this.#pool.on("error", () => undefined);
    this.#lines = new ImportedLines(this.#pool, KEY);
  }

  /** From then on nobody answers. */
  async stopDatabase(): Promise<void> {
    await this.#postgres?.stop();
  }

  async renew(): Promise<void> {
    this.rig.remove();
    this.rig = setUp();
    await this.loseSchema();
  }

  /** As when PostgreSQL is lost, and begun anew. */
  async loseSchema(): Promise<void> {
    await this.pool.query("DROP SCHEMA IF EXISTS capture CASCADE");
    this.#lines = new ImportedLines(this.pool, KEY);
    await this.#lines.migrate();
  }

  async stop(): Promise<void> {
    await this.#pool?.end();
    await this.#postgres?.stop();
    this.rig.remove();
  }

  /** Imports a file of Ann's chat with Bo, unless told otherwise. */
  async imported(content: string | Uint8Array, more: Partial<ImportRequest> = {}): Promise<ImportResult> {
    const { dir, registry, progress, newSink, now } = this.rig;
    const upload = await receiveUpload(once(content), { spoolDir: dir, maxBytes: 1e8 });
    const request = { name: "WhatsApp Chat with Bo.txt", custodian: "Ann", actor: "p1", ...more };
    try {
      return await importFile(upload, request, { lines: this.lines, registry, progress, newSink, now });
    } finally {
      await upload.remove();
    }
  }

  /** What an archiver would make of what was published, of one kind. */
  records(kind: Envelope["event"]["kind"] = "message"): Envelope[] {
    return this.rig.publisher.records.filter(({ event }) => event.kind === kind);
  }

  texts(kind?: Envelope["event"]["kind"]): (string | undefined)[] {
    return this.records(kind).map(({ event }) => event.text);
  }

  conversations(): Set<string> {
    return new Set(this.rig.publisher.records.flatMap(({ event }) => event.conversation?.id ?? []));
  }

  /** An attachment as whoever has the envelope can open it. */
  async opened({ event, keys }: Envelope, n = 0): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    const sealed = this.rig.records.stream(`attachment/${present(event.attachments?.[n]).sealed}`);
    for await (const part of openStream(sealed, parseSessionKey(present(keys[n])))) {
      parts.push(Buffer.from(part));
    }
    return Buffer.concat(parts);
  }
}

/** Registers what starts, renews and ends it. */
export function importing(): Importing {
  const dir = mkdtempSync(join(tmpdir(), "daybook-import-"));
  const made = new Importing();
  beforeAll(() => made.start(dir));
  beforeEach(() => made.renew());
  afterAll(async () => {
    await made.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  return made;
}

/** The text of an Android export. */
export const android = (...rows: string[]) => rows.map((row) => `${row}\n`).join("");

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError("it is not there");
  return value;
}
