import { type ApiClient, ProblemError } from "@daybook/runtime";
import { party } from "@daybook/contract";
import { z } from "zod";
import { CaptureError } from "./error.ts";
import type { ArchiveProgress, ImportedFiles, Registry } from "./ports.ts";
import { type ScopeRules, scopeRules } from "./scope.ts";

/** How long one question to the registry waits: a connector's events wait with it. */
export const PATIENCE_MS = 5_000;

/**
 * The registry, as the records service offers it to other services. One that hangs is one that does not answer.
 *
 * @param patienceMs how long one question waits for its answer
 */
export function registryClient(client: ApiClient, patienceMs = PATIENCE_MS): Registry {
  let known: ScopeRules | undefined;
  const soon = () => AbortSignal.timeout(patienceMs);
  return {
    find: (nameOrId) =>
      asked(async () => {
        try {
          return await client.call("post", "/internal/v1/custodians/resolve", {
            body: { name: nameOrId, create: false, actor: "capture" },
            signal: soon(),
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
          signal: soon(),
          response: party,
        }),
      ),
    account: async (of) => {
      const { id } = await asked(() =>
        client.call("post", "/internal/v1/accounts/resolve", {
          body: of,
          signal: soon(),
          response: z.object({ id: z.string() }),
        }),
      );
      return id;
    },
    scope: async () => {
      try {
        known = await client.call("get", "/internal/v1/scope", { response: scopeRules, signal: soon() });
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

const supplied = z.looseObject({
  id: z.string(),
  kind: z.string(),
  custodian: party,
  conversation: z.looseObject({ id: z.string() }).optional(),
  source: z.looseObject({ sha256: z.string() }),
  raw: z.base64(),
});

/** Imported files, as the records service reads them to other services. */
export function importedFilesClient(client: ApiClient): ImportedFiles {
  /** @throws {CaptureError} `unavailable`, also where the answer breaks off: less than all would seem to be all */
  async function* records(kind?: string): AsyncGenerator<z.infer<typeof supplied>> {
    const query = { network: "whatsapp", method: "export", kind };
    const { body } = await asked(() => client.download("/internal/v1/records", { query }));
    for await (const line of linesOf(body)) {
      const value: unknown = JSON.parse(line);
      if (z.looseObject({ ok: z.literal(false) }).safeParse(value).success)
        throw new CaptureError("unavailable", "what was imported before cannot be read just now");
      const found = supplied.safeParse(value);
      if (found.success) yield found.data;
    }
  }
  return {
    async *notices() {
      for await (const { id, custodian, conversation, source, raw } of records("notice")) {
        // The app's own notices belong to a conversation, those of imported files to none.
        if (conversation) continue;
        yield {
          id,
          custodian: custodian.id,
          file: source.sha256,
          raw: Buffer.from(raw, "base64").toString(),
        };
      }
    },
    async *lines() {
      for await (const { custodian, conversation, source, raw } of records()) {
        if (!conversation || raw === "") continue;
        yield {
          custodian: custodian.id,
          conversation: conversation.id,
          file: source.sha256,
          raw: Buffer.from(raw, "base64"),
        };
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

/** @throws {CaptureError} `unavailable` when the stream breaks off */
async function* linesOf(body: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  try {
    for await (const chunk of body) {
      let from = 0;
      for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, from)) {
        yield Buffer.concat([...parts, chunk.subarray(from, end)]).toString();
        parts = [];
        from = end + 1;
      }
      parts.push(chunk.subarray(from));
    }
  } catch (cause) {
    if (cause instanceof CaptureError) throw cause;
    throw new CaptureError("unavailable", "another service broke off its answer", { cause });
  }
}

/** Asks another service. @throws {CaptureError} `ambiguous-custodian`, `unavailable` */
export async function asked<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    if (cause instanceof ProblemError && cause.code === "ambiguous-custodian") {
      throw new CaptureError("ambiguous-custodian", "more than one custodian has that name: use the id", {
        cause,
      });
    }
    if (cause instanceof DOMException && cause.name === "TimeoutError")
      throw new CaptureError("unavailable", "another service does not answer in time", { cause });
    if (cause instanceof ProblemError)
      throw new CaptureError("unavailable", `the records service cannot go on: ${cause.message}`, { cause });
    throw cause;
  }
}
