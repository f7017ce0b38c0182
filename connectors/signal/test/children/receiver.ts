// Captures as `capturer.ts` does, with a sink that keeps nothing: says, a line each, how much memory this process has had at
// most when the link is live, and after each attachment, with the attachment's size.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { SealedAttachment } from "@daybook/contract";
import { RecordingSink } from "@daybook/contract/testing";
import { Signal, type SignalServers } from "../../src/index.ts";

const [dir, description] = process.argv.slice(2);
const { rootCertificate, port, ...servers } = JSON.parse(readFileSync(description!, "utf8")) as Omit<
  SignalServers,
  "chat"
> & { rootCertificate: string; port: number };
const peakKib = () => process.resourceUsage().maxRSS;

class MeasuringSink extends RecordingSink {
  override async attach(body: AsyncIterable<Uint8Array>, about: { name: string; mediaType: string }) {
    let sizeBytes = 0;
    const digest = createHash("sha256");
    for await (const chunk of body) {
      sizeBytes += chunk.length;
      digest.update(chunk);
    }
    const sha256 = digest.digest("hex");
    process.stdout.write(`${JSON.stringify({ sizeBytes, sha256, peakKib: peakKib() })}\n`);
    return { ...about, sizeBytes, sha256, sealed: sha256, sessionKey: "" } satisfies SealedAttachment;
  }
}

const none = () => undefined;
const signal = new Signal({
  dir: dir!,
  key: Buffer.alloc(32, 7),
  servers: { ...servers, chat: { port, rootCertificate: Buffer.from(rootCertificate, "base64") } },
  deviceName: "Daybook",
  userAgent: "Daybook/0.1",
  log: { info: none, warn: none, error: none },
  onHealth: ({ status }) => {
    if (status === "live") process.stdout.write(`${JSON.stringify({ peakKib: peakKib() })}\n`);
  },
});
await signal.run(new MeasuringSink(), new AbortController().signal);
