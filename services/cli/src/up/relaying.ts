import { createHmac } from "node:crypto";
import { payloadContext } from "@daybook/archiver";
import type { CaptureOptions } from "@daybook/capture";
import { TOPICS } from "@daybook/contract";
import { type GatewayOptions, markingsHook } from "@daybook/gateway";
import type { ApiClient } from "@daybook/runtime";
import type { PayloadOpener } from "@daybook/stream";

/** How messages are relayed unless settings say otherwise. */
export const RELAYING: Pick<GatewayOptions, "policy" | "perMinute" | "expiresAfterMs"> = {
  policy: [markingsHook(["OFFICIAL-SENSITIVE", "SECRET", "TOP SECRET"])],
  perMinute: 30,
  expiresAfterMs: 15 * 60_000,
};

/** What the gateway blinds its requests by, where it has no key of its own. */
export function requestKeyFrom(key: Uint8Array): Buffer {
  return createHmac("sha256", key).update("gateway requests").digest();
}

/** What capture needs to send what the gateway queued. @param of.open as its option @param of.gateway answers `/internal/v1/outbound/:id` */
export function outboundFrom(of: {
  readonly open: NonNullable<CaptureOptions["outbound"]>["open"];
  readonly opener: PayloadOpener;
  readonly gateway: Pick<ApiClient, "call">;
}): Omit<NonNullable<CaptureOptions["outbound"]>, "positionFile"> {
  return {
    open: of.open,
    opener: of.opener,
    context: payloadContext(TOPICS.outbound, 0),
    async report(id, outcome) {
      await of.gateway.call("post", "/internal/v1/outbound/:id", { params: { id }, body: { outcome } });
    },
  };
}
