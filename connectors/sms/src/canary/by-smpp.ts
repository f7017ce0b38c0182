import { ConnectorError } from "@daybook/contract";
import type { SmppAccount, SmppHost } from "../options.ts";
import { SmppSession } from "../session/session.ts";
import { STATUS } from "../smpp/index.ts";
import type { SendText } from "./send.ts";

const ANSWER_MS = 10_000;
const INTERNATIONAL = 1;
const ALPHANUMERIC = 5;
const ISDN = 1;

/** A second account, at another aggregator. */
export interface SmppSending extends Pick<SmppAccount, "systemId" | "password" | "systemType"> {
  readonly host: SmppHost;
  /** Whom it comes from: a number, or a name of at most eleven letters. */
  readonly from: string;
}

/** Bound as a transmitter for one text at a time, so that nothing is delivered to it. */
export function bySmpp({ host, from, ...account }: SmppSending): SendText {
  return async (to, text, signal) => {
    const session = await SmppSession.open(
      host,
      account,
      { id: 0, command: "bind_transmitter", answerMs: ANSWER_MS, onMessage: () => Promise.resolve() },
      signal,
    );
    try {
      const { status } = await session.request({
        command: "submit_sm",
        body: {
          serviceType: "",
          source: addressOf(from),
          destination: addressOf(to),
          ...{ esmClass: 0, protocolId: 0, priority: 0, scheduleDeliveryTime: "", validityPeriod: "" },
          ...{ registeredDelivery: 0, replaceIfPresent: 0, dataCoding: 0, defaultMessageId: 0 },
          // Letters, digits and a hyphen: the same in every alphabet.
          shortMessage: Buffer.from(text, "latin1"),
          tlvs: [],
        },
      });
      if (status !== STATUS.ok)
        throw new ConnectorError("store-unavailable", `the second provider answers with status ${status}`);
    } finally {
      await session.unbind();
    }
  };
}

function addressOf(written: string) {
  const isNumber = /^\+?\d+$/.test(written);
  return {
    ton: isNumber ? INTERNATIONAL : ALPHANUMERIC,
    npi: isNumber ? ISDN : 0,
    address: written.replace(/^\+/, ""),
  };
}
