import { createHash } from "node:crypto";
import type { AgentReader } from "@daybook/contract";

/** Reads each entry's bytes as one message. */
export const plainReader: AgentReader = {
  kind: "test",
  network: "sms",
  read: (raw, parts, { account, custodian }) => {
    const digest = createHash("sha256").update(raw).digest("hex");
    return [
      {
        eventId: `entry:${digest}`,
        stableDigest: digest,
        event: {
          v: 1,
          kind: "message",
          network: "sms",
          method: "device-agent",
          provenance: "captured",
          account,
          custodian,
          text: raw.toString(),
          raw: raw.toString("base64"),
          connector: { name: "test", version: "1" },
        },
        ...(parts.length > 0 && { parts }),
      },
    ];
  },
};
