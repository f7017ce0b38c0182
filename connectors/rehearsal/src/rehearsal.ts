import {
  type Captured,
  type Connector,
  ConnectorError,
  type Network,
  type Party,
  type SealedAttachment,
  type Sink,
} from "@daybook/contract";
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { accounts, conversations, party } from "./cast.ts";
import { rehearsalLinks } from "./linking.ts";
import { rehearsalRelay } from "./relay.ts";
import { type Step, week } from "./story.ts";

/** Makes the event of a step. The same for the same step, whenever. */
export type Mapping = (step: Step, custodian: Party, attachments: readonly SealedAttachment[]) => Captured;

export interface RehearsalOptions {
  /** The custodian of a made-up person, as the registry knows them. */
  readonly custodian: (name: string) => { id: string; name: string };
  /** How long to wait between events, in milliseconds: so that a person can watch them arrive. */
  readonly pauseMs?: number;
  /** What a network's own connector makes of a step, where that is to be shown. */
  readonly mappings?: Readonly<Partial<Record<Network, Mapping>>>;
}

const RETRY_MS = 200;

/**
 * Plays the rehearsed week once, in order, as a live connector would: each event is handed over before the
 * next happens. Everything in it is made up. Playing it again gives the same event ids. It can be answered, and phones
 * that there are not can be linked, also when the week is over.
 */
export function createRehearsal({ custodian, pauseMs = 0, mappings = {} }: RehearsalOptions): Connector {
  const begun = Promise.withResolvers<Sink>();
  return {
    ...rehearsalLinks({ custodian }),
    relay: rehearsalRelay(() => begun.promise),
    async run(sink, signal) {
      begun.resolve(sink);
      sink.report({ state: "live" });
      for (const [number, step] of week.entries()) {
        if (signal.aborted) return;
        const account = accounts[step.account];
        const map = mappings[account.network] ?? ((...of) => toCaptured(number, ...of));
        await handOver(
          sink,
          step,
          (attachments) => map(step, custodian(account.custodian), attachments),
          signal,
        );
        if (pauseMs > 0) await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      }
      sink.report({ state: "down" });
    },
  };
}

/** Number of events of the rehearsed week. */
export const REHEARSAL_EVENTS = week.length;

/** The accounts that the rehearsed week is seen from, with the names of their custodians. */
export const REHEARSAL_ACCOUNTS = Object.values(accounts).map(({ id: identifier, ...account }) => ({
  ...account,
  identifier,
}));

async function handOver(
  sink: Sink,
  step: Step,
  captured: (attachments: readonly SealedAttachment[]) => Captured,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const attachments = step.attachment ? [await attach(sink, step.attachment)] : [];
      await sink.capture([captured(attachments)]);
      return;
    } catch (error) {
      if (!(error instanceof ConnectorError) || !error.retryable) throw error;
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

function attach(
  sink: Sink,
  { name, mediaType, body }: NonNullable<Step["attachment"]>,
): Promise<SealedAttachment> {
  return sink.attach(once(typeof body === "string" ? Buffer.from(body) : body()), { name, mediaType });
}

function toCaptured(
  number: number,
  step: Step,
  custodian: Party,
  attachments: readonly SealedAttachment[],
): Captured {
  const account = accounts[step.account];
  const room = step.in && conversations[step.in];
  const partyOf = (who: Parameters<typeof party>[0]) => party(who, account.network);
  const sender = step.from && partyOf(step.from);
  const networkId = (name: string) => `rehearsal-${name}`;
  const raw = Buffer.from(JSON.stringify({ rehearsal: number, ...step }));
  return {
    eventId: `rehearsal:${number}`,
    stableDigest: createHash("sha256").update(raw).digest("hex"),
    attachments,
    event: {
      v: 1,
      kind: step.kind,
      network: account.network,
      method: account.method,
      provenance: "captured",
      account: account.id,
      custodian,
      ...(room && { conversation: { id: room.id, title: room.title, kind: room.kind } }),
      ...(sender && {
        sender,
        direction: sender.id === account.id ? ("outgoing" as const) : ("incoming" as const),
      }),
      ...(room && { recipients: room.members.filter((who) => who !== step.from).map(partyOf) }),
      sentAt: step.at,
      receivedAt: step.at,
      ...(step.text !== undefined && { text: step.text }),
      networkId: networkId(step.as ?? String(number)),
      ...(step.target !== undefined && { target: networkId(step.target) }),
      ...(step.replyTo !== undefined && { replyTo: networkId(step.replyTo) }),
      ...(step.expiresAfterSeconds !== undefined && { expiresAfterSeconds: step.expiresAfterSeconds }),
      ...(step.viewOnce && { viewOnce: true }),
      ...(step.gap && {
        gap: { ...step.gap, ...(step.gap.about !== undefined && { about: networkId(step.gap.about) }) },
      }),
      ...(step.coverage && { coverage: step.coverage }),
      raw: raw.toString("base64"),
      connector: { name: "rehearsal", version: "1" },
    },
  };
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield await Promise.resolve(bytes);
}
