import { join } from "node:path";
import type { SmsOptions } from "../../src/index.ts";
import { OFFICIAL } from "../fixtures/pdus.ts";

export const CUSTODIAN = { id: "custodian-1", name: "Olivia Sinclair" };
export const ACCOUNT = `+${OFFICIAL}`;

export type Settings = Partial<Omit<SmsOptions, "smpp">> & { readonly smpp?: Partial<SmsOptions["smpp"]> };

/** The settings of a connector of one official number. */
export function settings(dir: string, port: number, { smpp, ...options }: Settings = {}): SmsOptions {
  const none = () => undefined;
  return {
    numbers: [{ number: ACCOUNT, custodian: CUSTODIAN }],
    stateFile: join(dir, "state"),
    key: Buffer.alloc(32, 7),
    log: { info: none, warn: none, error: none },
    bindWaits: { firstMs: 5, mostMs: 20 },
    settleMs: 10,
    ...options,
    smpp: {
      hosts: [{ host: "127.0.0.1", port }],
      systemId: "daybook",
      password: () => "secret",
      systemType: "",
      alphabet: "gsm",
      country: "GB",
      keepsMs: 72 * 3_600_000,
      ...smpp,
    },
  };
}
