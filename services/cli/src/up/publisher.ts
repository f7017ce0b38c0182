import { payloadContext } from "@daybook/archiver";
import type { Publisher } from "@daybook/capture";
import { CaptureError } from "@daybook/capture/error";
import { type PayloadSealer, StreamError, type StreamProducer } from "@daybook/stream";

/** Encrypts what services publish, and hands it to the stream. */
export function sealedPublisher(producer: StreamProducer, sealer: PayloadSealer): Publisher {
  return {
    async publish(topic, partition, plaintexts) {
      const context = payloadContext(topic, partition);
      const payloads = await Promise.all(plaintexts.map((plaintext) => sealer.seal(plaintext, context)));
      try {
        return (await producer.send(topic, partition, payloads)) + payloads.length;
      } catch (cause) {
        if (!(cause instanceof StreamError)) throw cause;
        if (cause.code === "full") {
          throw new CaptureError(
            "spool-full",
            "there is no room on the stream's disk: make room and try again",
            { cause },
          );
        }
        throw new CaptureError("unavailable", "the stream does not take events: see the server's log", {
          cause,
        });
      }
    },
  };
}
