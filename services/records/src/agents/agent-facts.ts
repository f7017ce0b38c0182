import { instant } from "@daybook/contract";
import { z } from "zod";

const uuid = z.uuid();
const digest = z.string().regex(/^[0-9a-f]{64}$/);
const reason = z.string().min(1).max(2_000);

/** What reads what an agent hands over: `android-sms`, `mac-imessage`. */
export const agentKind = z.string().regex(/^[a-z][a-z0-9-]{0,63}$/);

/** What audit events say of agents on devices, by their action: see `factSchemas`. */
export const agentFacts = {
  /** Whoever shows the code before its time is over may be this account's agent on this device. */
  "agent.offer": z.strictObject({
    change: uuid,
    id: uuid,
    kind: agentKind,
    account: uuid,
    custodian: uuid,
    device: uuid,
    /** SHA-256 of the code, hex. */
    code: digest,
    expiresAt: instant,
    reason,
  }),
  /** From now on what this key signs is the agent's. */
  "agent.enrol": z.strictObject({
    change: uuid,
    id: uuid,
    /** SubjectPublicKeyInfo, DER, base64. */
    key: z.base64().min(1).max(512),
  }),
  /** From now on nothing is the agent's. */
  "agent.revoke": z.strictObject({ change: uuid, id: uuid, reason }),
} as const;

export const AGENT_SCHEMA = `
  CREATE TABLE records.agent (
    id uuid PRIMARY KEY, kind text NOT NULL, account uuid NOT NULL REFERENCES records.account,
    custodian uuid NOT NULL REFERENCES records.custodian, device uuid NOT NULL REFERENCES records.device,
    code bytea NOT NULL UNIQUE, expires_at timestamptz(3) NOT NULL, offered_by text NOT NULL,
    offered_at timestamptz(3) NOT NULL, key bytea UNIQUE, enrolled_at timestamptz(3), revoked_at timestamptz(3)
  );
  CREATE INDEX agent_offered ON records.agent (offered_at, id);
  `;
