// The rules of RSMF 2.0's manifest, in our words. Published as rsmf_schema_2_0_0.json in
// github.com/relativitydev/rsmf-validator-samples; strings that it calls dates are checked as dates here.
const text = { type: "string" };
const word = { type: "string", minLength: 1 };
const time = {
  type: "string",
  pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?(Z|[+-]\\d\\d:\\d\\d)?$",
};
const list = (items: object) => ({ type: "array", items });
const object = (required: readonly string[], properties: object) => ({
  type: "object",
  required,
  properties,
});
const custom = list(object(["name", "value"], { name: word, value: word }));

export const rsmfSchema = object(["version", "participants", "conversations", "events"], {
  version: { type: "string", const: "2.0.0" },
  eventcollectionid: text,
  participants: list(
    object(["id"], { id: word, display: text, email: text, avatar: text, account_id: text, custom }),
  ),
  conversations: list(
    object(["id", "platform", "participants"], {
      id: word,
      display: text,
      platform: word,
      type: { enum: ["direct", "channel"] },
      participants: list(word),
      custodian: text,
      custom,
      icon: text,
    }),
  ),
  events: list(
    object(["type"], {
      id: text,
      type: { enum: ["message", "disclaimer", "join", "leave", "history", "unknown"] },
      parent: text,
      body: text,
      participant: text,
      conversation: text,
      timestamp: time,
      deleted: { type: "boolean" },
      importance: { enum: ["normal", "high"] },
      direction: { enum: ["incoming", "outgoing"] },
      reactions: list(
        object(["value"], {
          value: { ...word, maxLength: 30 },
          count: { type: "integer" },
          participants: list(word),
        }),
      ),
      attachments: list(object(["id"], { id: word, display: text, size: { type: "integer" } })),
      edits: list(object(["participant"], { participant: word, timestamp: time, previous: text, new: text })),
      read_receipts: list(
        object(["participant"], {
          participant: word,
          timestamp: time,
          action: { enum: ["read", "delivered"] },
        }),
      ),
      custom,
    }),
  ),
});

/** As much of a manifest as the checks beyond the schema read. */
export interface RsmfManifest {
  readonly version: string;
  readonly eventcollectionid?: string;
  readonly participants: readonly { readonly id: string; readonly display?: string }[];
  readonly conversations: readonly {
    readonly id: string;
    readonly display?: string;
    readonly participants: readonly string[];
    readonly custodian?: string;
  }[];
  readonly events: readonly RsmfEvent[];
}

export interface RsmfEvent {
  readonly id?: string;
  readonly type: string;
  readonly parent?: string;
  readonly body?: string;
  readonly participant?: string;
  readonly conversation?: string;
  readonly timestamp?: string;
  readonly deleted?: boolean;
  readonly reactions?: readonly { readonly value: string; readonly participants?: readonly string[] }[];
  readonly attachments?: readonly {
    readonly id: string;
    readonly display?: string;
    readonly size?: number;
  }[];
  readonly edits?: readonly {
    readonly participant: string;
    readonly previous?: string;
    readonly new?: string;
  }[];
  readonly read_receipts?: readonly { readonly participant: string; readonly action?: string }[];
  readonly custom?: readonly { readonly name: string; readonly value: string }[];
}
