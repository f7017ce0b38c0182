import { readGeneric } from "./reading/generic.ts";
import type { Said } from "./reading/said.ts";
import { readTwilio } from "./reading/twilio.ts";
import { readVonage } from "./reading/vonage.ts";
import type { Received, WebhookSource } from "./source.ts";

/** What a webhook says that is proved: nothing of it is thrown, whatever it is. */
export function readWebhook(
  source: WebhookSource,
  received: Pick<Received, "mediaType" | "body">,
): readonly Said[] {
  switch (source.provider) {
    case "twilio":
      return readTwilio(received);
    case "vonage":
      return readVonage(received);
    case "hmac":
    case "mutual-tls":
      return readGeneric(source.fields, received);
  }
}
