import { createInterface } from "node:readline";
import { type ApiClient, ProblemError } from "@daybook/runtime";
import { party } from "@daybook/contract";
import { z } from "zod";
import { CaptureError } from "./error.ts";
import type { ArchiveProgress, ImportedFiles, Registry } from "./ports.ts";
import { type ScopeRules, scopeRules } from "./scope.ts";

/** The registry, as the records service offers it to other services. */
export function registryClient(client: ApiClient): Registry {
  let known: ScopeRules | undefined;
  return {
    find: (nameOrId) =>
      asked(async () => {
        try {
          return await client.call("post", "/internal/v1/custodians/resolve", {
            body: { name: nameOrId, create: false, actor: "capture" },
            response: party,
          });
        } catch (error) {
          if (error instanceof ProblemError && error.code === "no-such-custodian") return undefined;
          throw error;
        }
      }),
    custodian: (name, actor) =>
      asked(() =>
        client.call("post", "/internal/v1/custodians/resolve", {
          body: { name, create: true, actor },
          response: party,
        }),
      ),
    account: async (of) => {
      const { id } = await asked(() =>
        client.call("post", "/internal/v1/accounts/resolve", {
          body: of,
          response: z.object({ id: z.string() }),
        }),
      );
      return id;
    },
    scope: async () => {
      try {
        known = await client.call("get", "/internal/v1/scope", { response: scopeRules });
      } catch (cause) {
        if (!known) throw new CaptureError("unavailable", "the scope rules cannot be had", { cause });
      }
      return known;
    },
  };
}

/** The archiver's progress, as it offers it to other services. */
export function archiveProgressClient(client: ApiClient): ArchiveProgress {
  return {
    archived: async (partition, offset) => {
      await asked(() =>
        client.call("post", "/internal/v1/archived", {
          body: { shard: String(partition), offset, flush: true },
        }),
      );
    },
  };
}

const notice = z.looseObject({
  id: z.string(),
  kind: z.literal("notice"),
  custodian: party,
  raw: z.base64(),
  attachments: z.array(z.looseObject({})).min(1),
});

/** Imported files, as the records service reads them to other services. */
export function importedFilesClient(client: ApiClient): ImportedFiles {
  return {
    async *notices() {
      const query = { network: "whatsapp", method: "export", kind: "notice" };
      const { body } = await asked(() => client.download("/internal/v1/records", { query }));
      for await (const line of createInterface({ input: body })) {
        const found = notice.safeParse(JSON.parse(line));
        if (!found.success) continue;
        const { id, custodian, raw } = found.data;
        yield { id, custodian: custodian.id, raw: Buffer.from(raw, "base64").toString() };
      }
    },
    content: (id) =>
      asked(async () => {
        try {
          return (await client.download("/internal/v1/records/:id/file", { params: { id } })).body;
        } catch (error) {
          if (error instanceof ProblemError && (error.status === 410 || error.status === 404))
            return undefined;
          throw error;
        }
      }),
  };
}

async function asked<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    if (cause instanceof ProblemError && cause.code === "ambiguous-custodian") {
      throw new CaptureError("ambiguous-custodian", "more than one custodian has that name: use the id", {
        cause,
      });
    }
    if (cause instanceof ProblemError)
      throw new CaptureError("unavailable", "another service does not answer", { cause });
    throw cause;
  }
}
