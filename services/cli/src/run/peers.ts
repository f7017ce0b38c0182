import {
  type ApiClient,
  apiClient,
  type Authenticator,
  type CallOptions,
  type Config,
  type Method,
  ProblemError,
  ROLES,
} from "@daybook/runtime";
import { z } from "zod";
import { archiversClient } from "./archivers.ts";
import type { COMMON, PEERS } from "./settings.ts";

const principal = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum(["person", "machine"]),
  roles: z.array(z.enum(ROLES)),
  custodians: z.array(z.string()),
});

const ARCHIVERS = new Set(["/internal/v1/archived", "/internal/v1/ingest-key", "/internal/v1/shards"]);

const ATTEST = "/internal/v1/attest";

/**
 * The other services of a deployment as one API, closed with `closing`: what archivers answer is asked of them, what the
 * witnessing service does of that, everything else of the records service.
 *
 * @param witnessingUrl of the witnessing service, where there is one
 * @throws {ProblemError} `bad-url`
 */
export function peersOf(
  config: Config<typeof COMMON> & Config<typeof PEERS>,
  closing: AsyncDisposableStack,
  witnessingUrl?: string,
): ApiClient {
  const known = { token: config.DAYBOOK_SERVICE_TOKEN.reveal(), ca: config.DAYBOOK_CA };
  const records = apiClient({ ...known, url: config.DAYBOOK_RECORDS_URL });
  const archivers = archiversClient({ ...known, urls: config.DAYBOOK_ARCHIVER_URLS });
  const witnessing = witnessingUrl === undefined ? undefined : apiClient({ ...known, url: witnessingUrl });
  const close = () => {
    for (const client of [records, archivers, witnessing]) client?.close();
  };
  closing.defer(close);
  const call: ApiClient["call"] = (
    method: Method,
    path: string,
    options?: CallOptions & { response?: z.ZodType },
  ) => {
    const whose = ARCHIVERS.has(path) ? archivers : path === ATTEST ? witnessing : undefined;
    return (whose ?? records).call(method, path, options as CallOptions & { response: z.ZodType<never> });
  };
  return {
    call,
    upload: (path, body, options) => records.upload(path, body, options),
    download: (path, options) => records.download(path, options),
    close,
  };
}

/** Whose a token is, by the registry. @param client of the records service */
export function registryAuthenticator(client: ApiClient): Authenticator {
  return {
    async authenticate(token) {
      try {
        return await client.call("post", "/internal/v1/introspect", { body: { token }, response: principal });
      } catch (cause) {
        if (cause instanceof ProblemError && cause.status === 404) return undefined;
        const detail = "the records service does not say whose that token is: try again in a moment";
        throw new ProblemError(503, "unavailable", detail, { cause });
      }
    },
    async refused({ id }, action) {
      try {
        await client.call("post", "/internal/v1/refusals", { body: { person: id, action } });
      } catch (cause) {
        const detail = "the records service does not record that this was refused: try again in a moment";
        throw new ProblemError(503, "unavailable", detail, { cause });
      }
    },
  };
}
