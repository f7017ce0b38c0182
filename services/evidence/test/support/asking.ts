import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import type { ApiClient } from "@daybook/runtime";
import { verifyPackage } from "@daybook/verify";
import { MATTER } from "./running.ts";
import { VKEYS } from "./small-archive.ts";

/** An export, as the API tells it. */
export interface Summary {
  readonly id: string;
  readonly state: string;
  readonly of: string;
  readonly records: number;
  readonly attachments: number;
  readonly checkpoints: readonly { origin: string; size: number }[];
  readonly progress: {
    stage: string;
    ahead: number;
    done: number;
    of: number;
    bytes: number;
    startedAt: string | null;
    secondsLeft: number | null;
  } | null;
  readonly package: {
    file: string;
    sizeBytes: number;
    sha256: string;
    keptUntil: string;
    receipt: boolean;
  } | null;
  readonly failure: { code: string; detail: string } | null;
}

/** What a client does with exports. */
export function exporting(client: ApiClient) {
  const call = (method: "get" | "post", path: string, id: string) =>
    client.call(method, path, { params: { id } }) as Promise<Summary>;
  return {
    ask: (more: object = {}) =>
      client.call("post", "/api/v1/exports", {
        body: { matter: MATTER, name: "papers", ...more },
      }) as Promise<Summary>,
    show: (id: string) => call("get", "/api/v1/exports/:id", id),
    build: (id: string) => call("post", "/api/v1/exports/:id/build", id),
    download: (id: string, what: "package" | "receipt" = "package") =>
      client.download(`/api/v1/exports/:id/${what}`, { params: { id } }),
    async take(id: string, what: "package" | "receipt" = "package"): Promise<Buffer> {
      return buffer((await this.download(id, what)).body);
    },
    list: (query: object = {}) =>
      client.call("get", "/api/v1/exports", { query: { matter: MATTER, ...query } }) as Promise<{
        exports: { id: string; state: string; mine: boolean; by: string; of: string; name: string }[];
        next: string | null;
      }>,
    /** Has it built, and waits until that is over, well or not. */
    async built(id: string): Promise<Summary> {
      await this.build(id);
      for (;;) {
        const now = await this.show(id);
        if (now.state !== "queued" && now.state !== "building") return now;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
  };
}

/** Checks a package and its receipt as they lie on a disk. */
export async function verified(files: Record<string, Buffer>) {
  const dir = await mkdtemp(join(tmpdir(), "daybook-evidence-"));
  try {
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(dir, name), bytes);
    return await verifyPackage(join(dir, "papers.zip"), { keys: Object.values(VKEYS) });
  } finally {
    await rm(dir, { recursive: true });
  }
}
