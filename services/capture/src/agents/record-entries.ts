import { createHash } from "node:crypto";
import {
  type AgentDraft,
  type AgentEntry,
  type AgentReader,
  type Captured,
  ConnectorError,
  type SealedAttachment,
} from "@daybook/contract";
import type { CaptureSink } from "../sink.ts";
import type { Parts } from "./parts.ts";
import type { KnownAgent } from "./registry.ts";

/** Handed over at a time. */
const MAX_CHARACTERS = 4 * 1024 * 1024;

/** An attachment went meanwhile: its agent sends it again. */
export class PartGone extends Error {
  override readonly name = "PartGone";
}

/**
 * Hands over what the entries of a batch say. Resolves once all of it is durable; may be repeated. What scope leaves out, by
 * any conversation that it lies in, is counted, and nothing of it is stored. An entry whose reading does not fit the schema is recorded by its bytes alone.
 *
 * @returns how many could not be read
 * @throws {ConnectorError} retryable: nobody knows what is durable; {PartGone}
 */
export async function recordEntries(
  entries: readonly AgentEntry[],
  of: {
    readonly agent: KnownAgent;
    readonly reader: AgentReader;
    readonly parts: Pick<Parts, "content">;
    readonly sink: Pick<CaptureSink, "attach" | "capture" | "excludes" | "leaveOut">;
  },
): Promise<number> {
  let batch: Captured[] = [];
  let characters = 0;
  let unread = 0;
  const left: AgentDraft["event"][] = [];
  const flush = async () => {
    unread += await captured(batch, of);
    batch = [];
    characters = 0;
  };
  for (const entry of entries) {
    const raw = Buffer.from(entry.raw, "base64");
    for (const draft of of.reader.read(raw, entry.parts, { ...of.agent, agent: of.agent.id })) {
      const length = draft.event.raw.length + (draft.event.text?.length ?? 0);
      if (characters > 0 && characters + length > MAX_CHARACTERS) await flush();
      if (await isLeftOut(draft, of.sink)) {
        left.push(draft.event);
        continue;
      }
      batch.push(await withAttachments(draft, of));
      characters += length + 1;
    }
  }
  await flush();
  for (const event of left) of.sink.leaveOut(event, 1);
  return unread;
}

/** By another conversation than its event's own, by which the sink judges it. It says the same in each. */
async function isLeftOut(
  { event, alsoIn = [] }: AgentDraft,
  sink: Pick<CaptureSink, "excludes">,
): Promise<boolean> {
  for (const conversation of alsoIn) if (await sink.excludes({ ...event, conversation })) return true;
  return false;
}

async function withAttachments(
  { parts = [], alsoIn: _, ...draft }: AgentDraft,
  { agent, parts: kept, sink }: Parameters<typeof recordEntries>[1],
): Promise<Captured> {
  if (parts.length === 0 || (await sink.excludes(draft.event))) return draft;
  const attachments: SealedAttachment[] = [];
  for (const part of parts) {
    const content = kept.content(agent.id, part);
    if (!content) throw new PartGone("an attachment went before its batch was recorded");
    attachments.push(await sink.attach(content, { name: part.name, mediaType: part.mediaType }));
  }
  return { ...draft, attachments };
}

/** @returns how many did not fit the schema */
async function captured(
  batch: readonly Captured[],
  of: Pick<Parameters<typeof recordEntries>[1], "agent" | "reader" | "sink">,
): Promise<number> {
  if (batch.length === 0) return 0;
  try {
    await of.sink.capture(batch);
    return 0;
  } catch (cause) {
    if (!isInvalid(cause)) throw cause;
  }
  let unread = 0;
  for (const one of batch) {
    try {
      await of.sink.capture([one]);
    } catch (cause) {
      if (!isInvalid(cause)) throw cause;
      await of.sink.capture([byBytesAlone(one, of)]);
      unread += 1;
    }
  }
  return unread;
}

function byBytesAlone(
  { event: { raw, conversation }, attachments }: Captured,
  { agent, reader }: { readonly agent: KnownAgent; readonly reader: AgentReader },
): Captured {
  const digest = createHash("sha256").update(raw).digest("hex");
  return {
    eventId: `agent:${agent.id}:unread:${digest}`,
    stableDigest: digest,
    event: {
      v: 1,
      kind: "notice",
      network: reader.network,
      method: "device-agent",
      provenance: "captured",
      account: agent.account,
      custodian: agent.custodian,
      // By it scope may leave it out.
      ...(conversation && { conversation: { ...conversation, id: conversation.id.slice(0, 512) } }),
      text: "The device's agent handed over something that could not be read: it is kept as it came",
      raw,
      connector: { name: "agents", version: "1" },
    },
    ...(attachments && { attachments }),
  };
}

function isInvalid(error: unknown): boolean {
  return error instanceof ConnectorError && error.code === "event-invalid";
}
