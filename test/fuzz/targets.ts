import type { Target } from "./target.ts";
import { apiTargets } from "./targets/api.ts";
import { catalogueTargets } from "./targets/catalogue.ts";
import { exportTargets } from "./targets/exports.ts";
import { logTargets } from "./targets/log.ts";
import { messagesTargets } from "./targets/messages.ts";
import { packageTargets } from "./targets/package.ts";
import { sealedTargets } from "./targets/sealed.ts";
import { smsTargets } from "./targets/sms.ts";
import { smsWebhookTargets } from "./targets/sms-webhooks.ts";
import { streamTargets } from "./targets/stream.ts";

/** Every reader of outside bytes. */
export const TARGETS: readonly Target[] = [
  ...exportTargets,
  ...messagesTargets,
  ...smsTargets,
  ...smsWebhookTargets,
  ...apiTargets,
  ...catalogueTargets,
  ...sealedTargets,
  ...logTargets,
  ...streamTargets,
  ...packageTargets,
];
