import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { AGENT_SENT, type AgentBatch, type Signed, signedLine } from "../src/index.ts";

/** What a door answered. */
export interface AgentAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** A batch as it is sent: the same bytes each time. */
export interface SignedBatch {
  readonly number: number;
  readonly body: Buffer;
  readonly signature: string;
}

/** What an entry of a batch is made of. */
export interface TestEntry {
  readonly raw: string | Buffer;
  readonly parts?: readonly { readonly content: Buffer; readonly mediaType: string; readonly name: string }[];
}

/** An agent on a device as its door sees one: a key, and what it signs. It remembers nothing of what it sent. */
export class TestAgent {
  readonly publicKey: Buffer;
  readonly #key: KeyObject;
  id = "";

  constructor(kind: "p256" | "ed25519" = "p256") {
    const pair =
      kind === "p256" ? generateKeyPairSync("ec", { namedCurve: "P-256" }) : generateKeyPairSync("ed25519");
    this.#key = pair.privateKey;
    this.publicKey = pair.publicKey.export({ type: "spki", format: "der" });
  }

  signature(signed: Signed, body: Uint8Array = Buffer.alloc(0)): string {
    const algorithm = this.#key.asymmetricKeyType === "ed25519" ? null : "sha256";
    return sign(algorithm, Buffer.concat([signedLine(signed), body]), this.#key).toString("base64");
  }

  batch(number: number, entries: readonly TestEntry[] = [], more: Partial<AgentBatch> = {}): SignedBatch {
    const value: AgentBatch = {
      v: 1,
      agent: this.id,
      number,
      answeredThrough: 0,
      at: 1_772_000_000_000 + number,
      waiting: 0,
      problems: [],
      entries: entries.map(({ raw, parts = [] }) => ({
        raw: Buffer.from(raw).toString("base64"),
        parts: parts.map(({ content, ...part }) => ({
          ...part,
          sha256: createHash("sha256").update(content).digest("hex"),
          sizeBytes: content.length,
        })),
      })),
      ...more,
    };
    const body = Buffer.from(JSON.stringify(value));
    return { number, body, signature: this.signature({ what: "batch", agent: this.id, number }, body) };
  }

  /** @throws where the door cannot be reached, or gives no answer */
  async enrol(url: string, code: string): Promise<AgentAnswer> {
    const publicKey = this.publicKey.toString("base64");
    const body = Buffer.from(JSON.stringify({ v: 1, code, publicKey }));
    const answer = await ask(`${url}/agents/v1/enrol`, "POST", body, this.signature({ what: "enrol" }, body));
    if (typeof answer.body.agent === "string") this.id = answer.body.agent;
    return answer;
  }

  /** @param sent the device's clock, milliseconds since 1970; it says nothing of it unless given */
  send(url: string, { number, body, signature }: SignedBatch, sent?: number | string): Promise<AgentAnswer> {
    const headers = sent === undefined ? {} : { [AGENT_SENT]: String(sent) };
    return ask(`${url}/agents/v1/${this.id}/batches/${number}`, "POST", body, signature, headers);
  }

  sendPart(url: string, content: Buffer): Promise<AgentAnswer> {
    const sha256 = createHash("sha256").update(content).digest("hex");
    const signature = this.signature({ what: "part", agent: this.id, sha256 });
    return ask(`${url}/agents/v1/${this.id}/parts/${sha256}`, "PUT", content, signature);
  }
}

async function ask(
  url: string,
  method: string,
  body: Buffer,
  signature: string,
  headers: Record<string, string> = {},
): Promise<AgentAnswer> {
  const response = await fetch(url, {
    method,
    body: new Uint8Array(body),
    headers: { "daybook-signature": signature, "content-type": "application/octet-stream", ...headers },
  });
  const text = await response.text();
  return { status: response.status, body: text ? (JSON.parse(text) as Record<string, unknown>) : {} };
}
