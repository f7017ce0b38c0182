import { type ApiClient, ProblemError } from "@daybook/runtime";
import { party } from "@daybook/contract";
import { z } from "zod";
import { CaptureError } from "./error.ts";
import type { ArchiveProgress, Registry } from "./ports.ts";
import { type ScopeRules, scopeRules } from "./scope.ts";

/** The registry, as the records service offers it to other services. */
export function registryClient(client: ApiClient): Registry {
  let known: ScopeRules | undefined;
  return {
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
