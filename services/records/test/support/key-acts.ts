import { setTimeout as sleep } from "node:timers/promises";
import type { ApiClient } from "@daybook/runtime";
import type { Deployment } from "./deployment.ts";

export interface Key {
  readonly fingerprint: string;
  readonly from: string | null;
  readonly retired: string | null;
  readonly inForce: boolean;
  readonly held: boolean;
}

export interface Rewrap {
  readonly id: string;
  readonly state: string;
  readonly progress: object | null;
}

export interface Retired {
  readonly ok: boolean;
  readonly code?: string;
  readonly why?: string | null;
  readonly needed?: readonly object[];
}

/** What is done about keys, over the API. */
export function keyActs(owner: () => ApiClient, home: () => Pick<Deployment, "time" | "auditEvents">) {
  const lines = async (method: "get" | "post", path: string, params: Record<string, string> = {}) => {
    const { body } = await owner().download(path, { method, params });
    let text = "";
    for await (const chunk of body) text += String(chunk);
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as object);
  };
  return {
    add: async (body: object = {}) =>
      (await owner().call("post", "/api/v1/keys", { body })) as { key: Key; recipients: string },
    list: async () => ((await owner().call("get", "/api/v1/keys")) as { keys: Key[] }).keys,
    census: async () => (await lines("get", "/api/v1/keys/census")).filter((line) => "where" in line),
    rewrap: async (to: string, drop?: string) => {
      // So that it is later than the one before.
      home().time += 1_000;
      return (await owner().call("post", "/api/v1/keys/rewraps", { body: { to, drop } })) as Rewrap;
    },
    /** The latest re-wrap, once it has ended. */
    finished: async (): Promise<Rewrap> => {
      for (;;) {
        const { rewraps } = (await owner().call("get", "/api/v1/keys/rewraps")) as { rewraps: Rewrap[] };
        const [latest] = rewraps;
        if (latest && latest.state !== "running") return latest;
        await sleep(10);
      }
    },
    retire: async (fingerprint: string): Promise<Retired> => {
      const params = { fingerprint };
      try {
        return (await lines("post", "/api/v1/keys/:fingerprint/retire", params)).at(-1) as Retired;
      } catch (error) {
        return { ok: false, code: (error as { code: string }).code };
      }
    },
    /** Details of the audit events of an action that are durable, in order. */
    audits: async (action: string) =>
      (await home().auditEvents())
        .filter((audit) => audit.action === action)
        .map((audit) => audit.detail as object),
  };
}
