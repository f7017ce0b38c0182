import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { captureProblem } from "@daybook/capture/problem";
import { evidenceProblem } from "@daybook/evidence/problem";
import { gatewayProblem } from "@daybook/gateway/problem";
import { recordsProblem } from "@daybook/records/problem";
import {
  type Authenticator,
  createApi,
  listen,
  type Logger,
  type Metrics,
  ProblemError,
  type Route,
  Secret,
  type ServerCertificate,
  SERVICE,
} from "@daybook/runtime";

/** What is asked of the API where it shares its address with the console. */
const OF_API = /^\/(?:api|internal)\//;

/** An API that services mount their routes on, before it is opened. */
export interface Host {
  readonly url: string;
  readonly port: number;
  /** @param authenticator whose tokens people and machines show, from whichever service brings one first */
  mount(routes: readonly Route[], authenticator?: Authenticator): void;
  /**
   * Answers requests from now on; until then they are told to wait.
   *
   * @param front answers what is asked of no API: nothing does, if left out
   */
  open(front?: RequestListener): void;
  close(): Promise<void>;
}

/** Listens at once, so that services know their address, and says that it is starting. */
export async function createHost(options: {
  readonly host: string;
  readonly port: number;
  readonly tls?: ServerCertificate | undefined;
  /** Names that it answers to besides loopback ones. */
  readonly hosts?: readonly string[];
  /** As `createApi`. */
  readonly trustedProxies?: readonly string[];
  readonly version: string;
  /** A trial: said in the API's own description. */
  readonly sample: boolean;
  /** By which the services of the deployment know each other. */
  readonly serviceToken: Secret;
  readonly log: Logger;
  readonly metrics: Metrics;
}): Promise<Host> {
  const { host, port, tls, hosts = [], trustedProxies = [], version, sample, log, metrics } = options;
  let handle: RequestListener = starting;
  const listening = await listen((request, response) => handle(request, response), { host, port, tls });
  const routes: Route[] = [];
  let registry: Authenticator | undefined;
  return {
    url: listening.url,
    port: listening.port,
    mount(more, authenticator) {
      routes.push(...more);
      registry ??= authenticator;
    },
    open(front) {
      const api = createApi({
        title: sample ? "Daybook (trial: made-up messages)" : "Daybook",
        version,
        routes,
        hosts,
        trustedProxies,
        log,
        metrics,
        authenticator: withService(options.serviceToken, () => registry),
        problemOf: (error) =>
          recordsProblem(error) ?? captureProblem(error) ?? evidenceProblem(error) ?? gatewayProblem(error),
      });
      handle = (request, response) =>
        (front && !OF_API.test(request.url ?? "") ? front : api)(request, response);
    },
    close: () => listening.close(),
  };
}

/** A token for services, made up. */
export function newServiceToken(): Secret {
  return new Secret(`dbs_${randomBytes(32).toString("base64url")}`);
}

/** People and machines by the registry; services by the token that only they know. */
function withService(serviceToken: Secret, registry: () => Authenticator | undefined): Authenticator {
  // Digests are of one length, so that nothing is told by how long the comparison takes.
  const digest = (token: string) => createHash("sha256").update(token).digest();
  const own = digest(serviceToken.reveal());
  return {
    async authenticate(bearer) {
      if (timingSafeEqual(digest(bearer), own))
        return { id: "services", name: "Daybook", kind: "machine", roles: [SERVICE] };
      const people = registry();
      if (!people) throw new ProblemError(503, "starting", "the server is starting: try again in a moment");
      return people.authenticate(bearer);
    },
    async refused(principal, action) {
      await registry()?.refused?.(principal, action);
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
