import type { Method, Network } from "@daybook/contract";
import type { Logger, Metrics, Route } from "@daybook/runtime";
import type { Pool } from "pg";
import type { PolicyHook } from "./policy/hook.ts";

/** An account, and whose it is now. */
export interface SendingAccount {
  readonly id: string;
  readonly network: Network;
  readonly method: Method;
  /** By which its events name it; null where nobody has said. */
  readonly identifier: string | null;
  readonly custodian: { readonly id: string; readonly name: string } | null;
}

export interface GatewayOptions {
  readonly deployment: string;
  /** Owns the schema `gateway`. */
  readonly pool: Pool;
  /** An account of the registry; undefined where there is none. Rejects with {GatewayError} `unavailable`. */
  readonly account: (id: string) => Promise<SendingAccount | undefined>;
  /** Encrypts, and resolves once durable. */
  readonly publish: (topic: string, partition: number, plaintexts: readonly Uint8Array[]) => Promise<unknown>;
  /** 32 bytes: blinds what the database remembers. */
  readonly requestKey: Uint8Array;
  /** Each may refuse a message, in this order, before anything of it is sent; see also `perMinute`. */
  readonly policy: readonly PolicyHook[];
  /** Messages that one account may send in a minute. */
  readonly perMinute: number;
  /** How long a message may wait for its network, in milliseconds. */
  readonly expiresAfterMs: number;
  readonly mount: (routes: readonly Route[]) => void;
  readonly log: Logger;
  readonly metrics?: Metrics;
  readonly now: () => Date;
}
