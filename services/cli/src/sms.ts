import type { Live } from "@daybook/capture";
import type { Logger } from "@daybook/runtime";
import { type SmppAccount, Sms, type SmsOptions } from "@daybook/sms";
import { numbersLive, type SmsNumber } from "./sms-numbers.ts";

type Country = SmppAccount["country"];

/** Official numbers at an aggregator, as capture runs them. */
export function smsLive({
  numbers,
  smpp,
  log,
  ...of
}: Pick<SmsOptions, "stateFile" | "key" | "canary" | "cdr" | "covers" | "relay"> & {
  readonly numbers: readonly SmsNumber[];
  readonly smpp: Omit<SmppAccount, "hosts" | "country"> & {
    readonly hosts: readonly { readonly host: string; readonly port: number; readonly hasTls: boolean }[];
    readonly ca?: string | undefined;
    readonly country: string;
  };
  readonly log: Logger;
}): Live {
  const { ca, hosts, country, ...account } = smpp;
  if (hosts.some(({ hasTls }) => !hasTls))
    log.warn(
      {},
      "the aggregator is spoken to without TLS: whoever is in between can read and change messages",
    );
  return {
    name: "sms",
    ...numbersLive(numbers, Date.now()),
    links: { network: "sms", method: "carrier" },
    connect: (custodian) =>
      new Sms({
        ...of,
        log,
        smpp: {
          ...account,
          country: country as Country,
          hosts: hosts.map(({ host, port, hasTls }) => ({ host, port, tls: hasTls ? { ca } : undefined })),
        },
        numbers: numbers.map((one) => ({ ...one, custodian: custodian(one.custodian) })),
      }),
  };
}
