import { randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { captureProblem } from "@daybook/capture";
import { evidenceProblem } from "@daybook/evidence";
import { recordsProblem } from "@daybook/records";
import {
  type Authenticator,
  createApi,
  type Listening,
  listen,
  type Logger,
  type Metrics,
  ProblemError,
  type Route,
  SERVICE,
} from "@daybook/runtime";

/** The one API of a machine: services mount their routes, then it is opened. */
export interface Host {
  readonly url: string;
  readonly port: number;
  /** By which the services of this process know each other; never leaves it. */
  readonly serviceToken: string;
  mount(routes: readonly Route[], authenticator?: Authenticator): void;
  /** Answers requests from now on; until then they are told to wait. */
  open(): void;
  close(): Promise<void>;
}

/** Listens at once, so that services know their address, and says that it is starting. */
export async function createHost({
  host,
  port,
  version,
  sample,
  log,
  metrics,
}: {
  host: string;
  port: number;
  version: string;
  /** A trial: said in the API's own description. */
  sample: boolean;
  log: Logger;
  metrics: Metrics;
}): Promise<Host> {
  let handle: RequestListener = starting;
  const listening: Listening = await listen((request, response) => handle(request, response), { host, port });
  const serviceToken = `dbs_${randomBytes(32).toString("base64url")}`;
  const routes: Route[] = [];
  let registry: Authenticator | undefined;
  return {
    url: listening.url,
    port: listening.port,
    serviceToken,
    mount(more, authenticator) {
      routes.push(...more);
      registry ??= authenticator;
    },
    open() {
      handle = createApi({
        title: sample ? "Daybook (trial: made-up messages)" : "Daybook",
        version,
        routes,
        log,
        metrics,
        authenticator: withService(serviceToken, () => registry),
        problemOf: (error) => recordsProblem(error) ?? captureProblem(error) ?? evidenceProblem(error),
      });
    },
    close: () => listening.close(),
  };
}

/** People and machines by the registry; the services of this process by a token that only it knows. */
function withService(serviceToken: string, registry: () => Authenticator | undefined): Authenticator {
  const own = Buffer.from(serviceToken);
  return {
    async authenticate(bearer) {
      const given = Buffer.from(bearer);
      if (given.length === own.length && timingSafeEqual(given, own)) {
        return { id: "services", name: "Daybook", kind: "machine", roles: [SERVICE] };
      }
      const people = registry();
      if (!people) throw new ProblemError(503, "starting", "the server is starting: try again in a moment");
      return people.authenticate(bearer);
    },
  };
}

function starting(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(503, { "content-type": "application/problem+json", "retry-after": "1" });
  response.end(
    JSON.stringify({
      type: "about:blank",
      title: "Service Unavailable",
      status: 503,
      detail: "the server is starting: try again in a moment",
      code: "starting",
    }),
  );
}
