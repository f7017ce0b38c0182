import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { TLSSocket } from "node:tls";
import { AGENT_LIMITS, AGENT_SENT, agentSent, ConnectorError } from "@daybook/contract";
import type { Logger } from "@daybook/runtime";
import { CaptureError } from "../error.ts";
import { BadBody, bodyOf, wholeBody } from "./read-body.ts";
import type { Misnumbered, Outcome, Refusal } from "./take-batch.ts";

const UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
const BATCH = new RegExp(`^/agents/v1/(${UUID})/batches/([1-9][0-9]{0,15})$`);
const PART = new RegExp(`^/agents/v1/(${UUID})/parts/([0-9a-f]{64})$`);
const ENROL = "/agents/v1/enrol";
const MAX_SIGNATURE = 256;
const MINUTE_MS = 60_000;
const WARN_EVERY_MS = 60_000;
/** In memory, or on the way to the disk, at once: beyond, agents are asked to come again. */
const AT_ONCE = { enrol: 8, batch: 32, part: 16 } as const;
/** Of one agent: it must not keep out the others, however slowly it sends. */
const OF_ONE_AT_ONCE = 4;

/** What was answered: for counting. */
export type Answered =
  Outcome["outcome"] | "enrolled" | "part" | "no-certificate" | "bad-request" | "busy" | "unavailable";

export interface DoorOptions {
  /** Whether a device has to show a certificate that the listener's authority signed: mutual TLS. */
  readonly wantsCertificate: boolean;
  /** Whether it enrolled once: nothing is read of what others send. */
  readonly isKnown: (agent: string) => Promise<boolean>;
  /** @returns undefined for a code that is good for nothing, or bytes that are no enrolment, or bear no signature of its key */
  readonly enrol: (
    body: Buffer,
    signature: Buffer,
  ) => Promise<{ readonly agent: string; readonly kind: string; readonly isFollowing: boolean } | undefined>;
  /**
   * Resolves once everything in it is durable.
   *
   * @param clockMs how far the device's clock was ahead of ours as the batch was sent, where it says so
   */
  readonly batch: (
    of: { readonly agent: string; readonly number: number },
    signature: Buffer,
    body: Buffer,
    clockMs: number | undefined,
  ) => Promise<Outcome>;
  /** @returns whether the content is that of the digest; why it was not looked at */
  readonly part: (
    of: { readonly agent: string; readonly sha256: string },
    signature: Buffer,
    body: () => AsyncIterable<Buffer>,
  ) => Promise<boolean | Refusal>;
  readonly heartbeatSeconds: number;
  readonly now: () => Date;
  readonly onAnswer: (answered: Answered) => void;
  readonly log: Logger;
}

interface Answer {
  readonly status: number;
  readonly answered: Answered;
  readonly body?: object;
}

const STATUS: Readonly<Record<Refusal | Misnumbered, number>> = {
  forbidden: 403,
  revoked: 403,
  moved: 403,
  "not-read-here": 403,
  malformed: 400,
  "number-taken": 409,
  "too-far-ahead": 409,
  stale: 410,
};

/**
 * Where agents on devices come to: see AGENTS.md for what they are answered. Nothing of what is refused is kept, and no answer
 * holds anything but ids, numbers, digests and codes.
 */
export function agentDoor(options: DoorOptions): RequestListener {
  const underWay = { enrol: 0, batch: 0, part: 0 };
  const underWayOf = new Map<string, number>();
  const mayWarn = seldom();

  const within = async (what: keyof typeof underWay, work: () => Promise<Answer>): Promise<Answer> => {
    if (underWay[what] >= AT_ONCE[what]) return refused(503, "busy");
    underWay[what] += 1;
    try {
      return await work();
    } finally {
      underWay[what] -= 1;
    }
  };

  const withinAgent = async (
    what: "batch" | "part",
    agent: string,
    work: () => Promise<Answer>,
  ): Promise<Answer> => {
    const of = `${what} ${agent}`;
    const before = underWayOf.get(of) ?? 0;
    if (before >= OF_ONE_AT_ONCE) return refused(503, "busy");
    underWayOf.set(of, before + 1);
    try {
      return await within(what, work);
    } finally {
      const after = (underWayOf.get(of) ?? 1) - 1;
      if (after === 0) underWayOf.delete(of);
      else underWayOf.set(of, after);
    }
  };

  const answerTo = async (request: IncomingMessage): Promise<Answer> => {
    if (options.wantsCertificate && !showsCertificate(request)) return refused(401, "no-certificate");
    const path = request.url ?? "";
    const [, batchAgent, number] = BATCH.exec(path) ?? [];
    const [, partAgent, sha256] = PART.exec(path) ?? [];
    const method = batchAgent || path === ENROL ? "POST" : partAgent ? "PUT" : undefined;
    if (!method) return refused(404, "bad-request");
    if (request.method !== method) return refused(405, "bad-request");
    if (request.headers["content-encoding"] !== undefined) return refused(415, "bad-request");
    const signature = signatureOf(request);
    if (!signature) return refused(401, "forbidden");
    const agent = batchAgent ?? partAgent;
    if (agent && !(await options.isKnown(agent))) return refused(403, "forbidden");
    if (partAgent && sha256)
      return withinAgent("part", partAgent, () =>
        takePart(request, { agent: partAgent, sha256 }, signature, options),
      );
    if (batchAgent)
      return withinAgent("batch", batchAgent, async () => {
        const of = { agent: batchAgent, number: Number(number) };
        if (!Number.isSafeInteger(of.number)) return refused(404, "bad-request");
        // Before the body has come: that may take minutes.
        const clockMs = aheadOf(request, options.now());
        const body = await wholeBody(request, { maxBytes: AGENT_LIMITS.batchBytes, mostMs: 5 * MINUTE_MS });
        return shown(of, await options.batch(of, signature, body, clockMs));
      });
    return within("enrol", async () => {
      const body = await wholeBody(request, { maxBytes: 4_096, mostMs: MINUTE_MS });
      const enrolled = await options.enrol(body, signature);
      if (!enrolled) return refused(403, "forbidden");
      const { heartbeatSeconds } = options;
      return { status: 200, answered: "enrolled", body: { ...enrolled, heartbeatSeconds } };
    });
  };

  return (request, response) => {
    answerTo(request)
      .catch((error: unknown): Answer => {
        if (error instanceof BadBody) return refused(error.status, "bad-request");
        if (error instanceof CaptureError && error.code === "too-large") return refused(413, "bad-request");
        // What a library says may quote what it was given.
        if (mayWarn())
          options.log.warn({ code: codeOf(error) }, "what an agent sent could not be kept: it comes again");
        return refused(503, "unavailable");
      })
      .then((answer) => {
        options.onAnswer(answer.answered);
        send(request, response, answer);
      })
      .catch(() => response.destroy());
  };
}

async function takePart(
  request: IncomingMessage,
  of: { readonly agent: string; readonly sha256: string },
  signature: Buffer,
  options: Pick<DoorOptions, "part">,
): Promise<Answer> {
  const bounds = { maxBytes: AGENT_LIMITS.partBytes, mostMs: 60 * MINUTE_MS };
  const taken = await options.part(of, signature, () => bodyOf(request, bounds));
  if (typeof taken === "string") return refused(STATUS[taken], taken);
  return taken ? { status: 204, answered: "part" } : refused(400, "bad-request");
}

function shown(of: { readonly agent: string; readonly number: number }, outcome: Outcome): Answer {
  const { outcome: answered } = outcome;
  if (answered === "taken" || answered === "again")
    return { status: 200, answered, body: { ...of, sha256: outcome.sha256 } };
  if (answered === "parts-missing")
    return { status: 409, answered, body: { code: answered, missing: outcome.missing } };
  const { status, body } = refused(STATUS[answered], answered);
  return { status, answered, body: { ...body, ...("next" in outcome && { next: outcome.next }) } };
}

function refused(status: number, answered: Answered): Answer {
  return { status, answered, body: { code: answered } };
}

function showsCertificate({ socket }: IncomingMessage): boolean {
  return socket instanceof TLSSocket && socket.authorized;
}

function signatureOf(request: IncomingMessage): Buffer | undefined {
  const given = request.headers["daybook-signature"];
  if (typeof given !== "string" || given.length > MAX_SIGNATURE || !/^[A-Za-z0-9+/]+={0,2}$/.test(given))
    return undefined;
  return Buffer.from(given, "base64");
}

/** A clock that is nonsense is no reason to take nothing. */
function aheadOf({ headers }: IncomingMessage, now: Date): number | undefined {
  const { data: sent } = agentSent.safeParse(headers[AGENT_SENT]);
  return sent === undefined ? undefined : sent - now.getTime();
}

function send(request: IncomingMessage, response: ServerResponse, { status, body }: Answer): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {
    "content-type": "application/json",
    "cache-control": "no-store",
    ...(status === 503 && { "retry-after": "30" }),
    // What still comes is not read: the connection ends with the answer.
    ...(!request.complete && { connection: "close" }),
  });
  response.end(body && JSON.stringify(body));
}

function codeOf(error: unknown): string {
  return error instanceof ConnectorError || error instanceof CaptureError ? error.code : "unknown";
}

/** Strangers must not fill the log. */
function seldom(): () => boolean {
  let next = 0;
  return () => {
    if (Date.now() < next) return false;
    next = Date.now() + WARN_EVERY_MS;
    return true;
  };
}
