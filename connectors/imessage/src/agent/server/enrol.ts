import { ConnectorError } from "@daybook/contract";
import { z } from "zod";
import { macMessagesReader } from "../reading/mac-reader.ts";
import { type AgentState, FILES_APART } from "../spool/agent-state.ts";
import type { Outbox } from "../spool/outbox.ts";
import { Door } from "./door.ts";
import { type Identity, identity, newKey, type ServerAddress, Signer } from "./identity.ts";

const pending = z.object({ code: z.string(), key: z.string() });

/**
 * Enrols this Mac by a code that an administrator read out. The key is durable before it is shown, so that the same code may be
 * repeated after any failure. What an earlier enrolment left to be handed over goes by the new one.
 *
 * @throws {ConnectorError} `link-refused`; `network-unavailable`, retryable; `store-unavailable`, retryable
 */
export async function enrol(
  { code, server }: { readonly code: string; readonly server: ServerAddress },
  { state, outbox }: { readonly state: AgentState; readonly outbox: Outbox },
  signal: AbortSignal,
): Promise<Identity> {
  const before = pending.safeParse(state.get("agent", "pending")).data;
  const key = before?.code === code ? before.key : newKey();
  await state.write([{ kind: "agent", name: "pending", value: { code, key } }]);
  const door = new Door(server, new Signer(key), () => new Date());
  try {
    const { agent, kind, heartbeatSeconds, isFollowing } = await door.enrol(code, signal);
    if (kind !== macMessagesReader.kind)
      throw new ConnectorError("link-refused", "the code is for an agent of another kind");
    const enrolled: Identity = { server, key, agent, heartbeatSeconds };
    const isNew = identityIn(state)?.agent !== agent;
    const isBlank = isFollowing && state.count("row") === 0;
    const also = [
      { kind: "agent" as const, name: "identity", value: enrolled },
      ...(isBlank ? [{ kind: "agent" as const, name: FILES_APART, value: true }] : []),
    ];
    if (isNew) await outbox.renumber(1, { agent, problems: [], waiting: 0 }, also);
    else await state.write(also);
    return enrolled;
  } finally {
    door.close();
  }
}

/** Undefined before it is enrolled. */
export function identityIn(state: AgentState): Identity | undefined {
  return identity.safeParse(state.get("agent", "identity")).data;
}
