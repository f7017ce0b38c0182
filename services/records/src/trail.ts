import { auditEnvelope, encodeEnvelope, type Envelope, type NewAudit, TOPICS } from "@daybook/contract";
import { type PayloadSealer, StreamError, type StreamProducer } from "@daybook/stream";
import { setTimeout as sleep } from "node:timers/promises";
import { RecordsError } from "./error.ts";

const PARTITION = 0;
const CONTEXT = `${TOPICS.audit}/${PARTITION}`;
const ATTEMPTS = 5;
const FIRST_WAIT_MS = 50;

/** Where audit events go: onto the stream, durably, before anything is answered or committed. */
export interface AuditTrail {
  /** An event that is not yet published. */
  draft(audit: NewAudit): Envelope;
  /**
   * Resolves once the event is durable. Repeats the same event while the stream says that this may help: twice
   * on the stream is once in the archive.
   *
   * @throws {RecordsError} `unavailable`: the event may or may not be durable
   */
  publish(event: Envelope): Promise<void>;
  /** `draft` and `publish` in one, for what changes nothing here: a search, a view. */
  record(audit: NewAudit): Promise<void>;
}

export function createAuditTrail(options: {
  readonly producer: StreamProducer;
  readonly sealer: PayloadSealer;
  readonly deployment: string;
  readonly now: () => Date;
}): AuditTrail {
  const { producer, sealer, deployment, now } = options;

  async function publish(event: Envelope): Promise<void> {
    const payload = await sealer.seal(encodeEnvelope(event), CONTEXT);
    for (let attempt = 1; ; attempt += 1) {
      try {
        await producer.send(TOPICS.audit, PARTITION, [payload]);
        return;
      } catch (cause) {
        if (!(cause instanceof StreamError) || !cause.retryable || attempt === ATTEMPTS) {
          throw new RecordsError(
            "unavailable",
            "the audit event could not be made durable: see whether the disk is full",
            {
              cause,
            },
          );
        }
        await sleep(FIRST_WAIT_MS * 2 ** attempt);
      }
    }
  }

  const draft = (audit: NewAudit) => auditEnvelope(audit, { deployment, at: now() });
  return { draft, publish, record: (audit) => publish(draft(audit)) };
}
