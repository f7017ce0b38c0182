import { instant } from "@daybook/contract";
import { z } from "zod";
import { accountNetwork } from "../posts/post-facts.ts";

const uuid = z.uuid();
const reason = z.string().min(1).max(2_000);

/** What audit events say of people outside, by their action: see `factSchemas`. */
export const participantFacts = {
  "participant.add": z.strictObject({ change: uuid, id: uuid, name: z.string().min(1).max(512), reason }),
  /** Somebody says that a number or address was theirs on a network, for a time. */
  "participant.identify": z.strictObject({
    change: uuid,
    id: uuid,
    participant: uuid,
    network: accountNetwork,
    identifier: z.string().min(1).max(512),
    from: instant.nullable(),
    to: instant.nullable(),
    reason,
  }),
  /** At an instant it was theirs too, whatever silence lies between: see `periodOf`. */
  "participant.confirm": z.strictObject({ change: uuid, id: uuid, at: instant, reason }),
  /** It was not: whoever said it was mistaken, or it ends earlier. */
  "participant.release": z.strictObject({
    change: uuid,
    id: uuid,
    /** From when on it is not theirs; null: it never was. */
    to: instant.nullable(),
    before: instant.nullable(),
    reason,
  }),
} as const;

export const PARTICIPANT_SCHEMA = `
  CREATE TABLE records.participant (
    id uuid PRIMARY KEY, name_key bytea NOT NULL, name bytea NOT NULL, added_at timestamptz(3) NOT NULL
  );
  CREATE INDEX participant_name ON records.participant (name_key);
  CREATE TABLE records.participant_identifier (
    id uuid NOT NULL UNIQUE, participant uuid NOT NULL REFERENCES records.participant, network text NOT NULL,
    value_key bytea NOT NULL, value bytea NOT NULL, valid tstzrange NOT NULL,
    -- A number comes back to other people: at one time it is one person's.
    PRIMARY KEY (network, value_key, valid WITHOUT OVERLAPS)
  );
  CREATE INDEX participant_identifier_of ON records.participant_identifier (participant);
  `;

export const CONFIRMED_SCHEMA = `
  -- From the first to the last instant at which somebody said that it was theirs. Of what was said before this is noted,
  -- an audit event knows better: a rebuild takes it from there.
  ALTER TABLE records.participant_identifier ADD COLUMN sure_from timestamptz(3), ADD COLUMN sure_to timestamptz(3);
  UPDATE records.participant_identifier i SET sure_from = coalesce(lower(i.valid), upper(i.valid), p.added_at),
    sure_to = coalesce(upper(i.valid), lower(i.valid), p.added_at)
  FROM records.participant p WHERE p.id = i.participant;
  ALTER TABLE records.participant_identifier ALTER COLUMN sure_from SET NOT NULL, ALTER COLUMN sure_to SET NOT NULL;
  `;
