import { event } from "@daybook/contract";
import { Numbers } from "../../../connectors/sms/src/reading/sides.ts";
import { draftOf } from "../../../connectors/sms/src/webhook/draft.ts";
import { readWebhook } from "../../../connectors/sms/src/webhook/read.ts";
import { sha256, type WebhookSource } from "../../../connectors/sms/src/webhook/source.ts";
import { proofOf } from "../../../connectors/sms/src/webhook/verify/index.ts";
import { type Fuzzed, holds, only, type Target } from "../target.ts";

const SID = `SM${"0".repeat(32)}`;
const url = "https://hooks.example.gov/webhooks/sms/x";
const secrets = () => ["a secret, made up"];
const FIELDS = { items: "/results", id: "/id", from: "/from", to: "/to", text: "/text", status: "/status" };
const SAMPLES = [
  `MessageSid=${SID}&From=%2B447700900456&To=%2B447700900123&Body=Hello+%F0%9F%9A%A2&NumMedia=1&MediaUrl0=https%3A%2F%2Fx&MediaContentType0=image%2Fpng`,
  `MessageSid=${SID}&From=%2B447700900123&To=%2B447700900456&MessageStatus=failed&ErrorCode=30003`,
  '{"channel":"sms","message_uuid":"aaaa-bbbb","to":"447700900123","from":"447700900456","timestamp":"2026-03-04T15:04:05Z","message_type":"text","text":"Hello"}',
  '{"channel":"mms","message_uuid":"a","to":"1","from":"2","message_type":"image","image":{"url":"https://x","name":"a.png"}}',
  '{"messageId":"0A0","msisdn":"447700900456","to":"447700900123","text":"Hi","type":"text","message-timestamp":"2026-03-04 15:04:05","sig":"00"}',
  '{"results":[{"id":7,"from":"07700900456","to":"+447700900123","text":"Hi"},{"id":8,"status":"DELIVERED"}]}',
];

/** Nothing that is posted makes anything else of it than events that fit, and nothing unsigned is proved. */
export const smsWebhookTargets: readonly Target[] = [{ name: "sms-webhook", prepare }];

function prepare(): Promise<Fuzzed> {
  const numbers = new Numbers(
    [{ number: "+447700900123", custodian: { id: "c-1", name: "Olivia Sinclair" } }],
    "GB",
  );
  const sources: readonly WebhookSource[] = [
    {
      ...{ provider: "twilio", name: "twilio", url, accountSid: "AC", authTokens: secrets },
      ...{ apiUrl: "https://api.twilio.com", reconciles: false },
    },
    { provider: "vonage", name: "vonage", url, secrets, legacyHash: "sha256" },
    {
      ...{ provider: "hmac", name: "operator", url, secrets, fields: FIELDS },
      ...{ header: "x-signature", hash: "sha256", encoding: "hex", prefix: "" },
    },
  ];
  return Promise.resolve({
    samples: SAMPLES.map((text) => Buffer.from(text)),
    declared: only(),
    async read(body) {
      for (const mediaType of ["application/x-www-form-urlencoded", "application/json"])
        for (const source of sources) {
          const signature = body.toString("latin1", 0, 64);
          const headers = new Map([
            ["x-twilio-signature", signature],
            ["x-signature", signature],
          ]);
          const received = { url: new URL(url), headers, mediaType, body, client: undefined };
          holds((await proofOf(source, received)) === undefined, "it is proved");
          const bearing = { source, raw: body, digest: sha256(body), receivedAt: new Date(0) };
          for (const said of readWebhook(source, received)) {
            const draft = draftOf(said, bearing, numbers);
            const { success } = event.safeParse({ ...draft.event, capturedAt: "2026-01-01T00:00:00.000Z" });
            holds(success && draft.eventId.length <= 512, "it does not fit the schema");
          }
        }
    },
  });
}
