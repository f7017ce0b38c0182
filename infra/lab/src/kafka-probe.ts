import { connect } from "node:net";

/** Metadata v1 for no topics, correlation id 7, no client id; see the Kafka protocol guide. */
const REQUEST = Buffer.from("0000000e" + "00030001" + "00000007" + "ffff" + "00000000", "hex");
const ANSWER_HEAD_BYTES = 12;
const PATIENCE_MS = 1_000;

/** Whether a broker answers on this port of 127.0.0.1, and knows of so many brokers to write to. */
export function kafkaAnswers(port: number, known = 1): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(REQUEST));
    let heard: Buffer = Buffer.alloc(0);
    socket.setTimeout(PATIENCE_MS, () => socket.destroy());
    socket.on("data", (bytes) => {
      heard = Buffer.concat([heard, bytes]);
      if (heard.length >= ANSWER_HEAD_BYTES) socket.destroy();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(heard.length >= ANSWER_HEAD_BYTES && heard.readInt32BE(8) >= known));
  });
}
