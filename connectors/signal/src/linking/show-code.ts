import { SignalError } from "../error.ts";
import { PrivateKey } from "../libsignal.ts";
import type { ProvisionMessage } from "../protocol/gen/provisioning_pb.ts";
import { openProvisioning } from "../protocol/provisioning-cipher.ts";
import { connectionFailure } from "../transport/failure.ts";
import type { Network } from "../transport/network.ts";

/** The server closes a code's connection after 90 seconds; a fresh one is shown well before. */
const CODE_LIFE_MS = 45_000;
/** After so many codes nobody is looking. */
const MAX_CODES = 20;

/** A code to show, newest replacing older. */
export interface Code {
  /** What the QR code says: `sgnl://linkdevice?...`. Whoever scans it hands over their account: show it to nobody else. */
  readonly url: string;
  readonly expiresAt: Date;
}

/**
 * Shows codes until a phone has scanned one, each with a key and a connection of its own.
 *
 * @returns what the phone sent
 * @throws {SignalError} `link-refused` when nobody scanned any; what `connectionFailure` says
 */
export async function* showCodes(
  network: Network,
  now: () => Date,
  signal: AbortSignal,
  codeLifeMs = CODE_LIFE_MS,
): AsyncGenerator<Code, ProvisionMessage> {
  for (let shown = 0; shown < MAX_CODES; shown += 1) {
    signal.throwIfAborted();
    const key = PrivateKey.generate();
    const code = await openCode(network, key, AbortSignal.any([signal, AbortSignal.timeout(codeLifeMs)]));
    try {
      yield { url: code.url, expiresAt: new Date(now().getTime() + codeLifeMs) };
      const envelope = await code.scanned;
      if (envelope) return openProvisioning(envelope, key);
    } finally {
      await code.close();
    }
  }
  throw new SignalError(
    "link-refused",
    "nobody scanned the code: ask for a new one when the phone is at hand",
  );
}

interface OpenCode {
  readonly url: string;
  /** What the phone sent; undefined when the code has run out. */
  readonly scanned: Promise<Uint8Array | undefined>;
  close(): Promise<void>;
}

async function openCode(network: Network, key: PrivateKey, until: AbortSignal): Promise<OpenCode> {
  const address = Promise.withResolvers<string>();
  const scanned = Promise.withResolvers<Uint8Array | undefined>();
  address.promise.catch(() => undefined);
  const runOut = () => {
    scanned.resolve(undefined);
    address.reject(new SignalError("unavailable", "Signal gave no code"));
  };
  until.addEventListener("abort", runOut, { once: true });
  const connection = await network.provisioning(
    {
      onReceivedAddress(value, ack) {
        ack.send(200);
        address.resolve(value);
      },
      onReceivedEnvelope(envelope, ack) {
        ack.send(200);
        scanned.resolve(envelope);
      },
      onConnectionInterrupted(cause) {
        scanned.resolve(undefined);
        address.reject(connectionFailure(cause));
      },
    },
    until,
  );
  const publicKey = Buffer.from(key.getPublicKey().serialize()).toString("base64");
  const close = async () => {
    until.removeEventListener("abort", runOut);
    await connection.disconnect();
  };
  try {
    const uuid = encodeURIComponent(await address.promise);
    const url = `sgnl://linkdevice?uuid=${uuid}&pub_key=${encodeURIComponent(publicKey)}&capabilities=`;
    return { url, scanned: scanned.promise, close };
  } catch (cause) {
    await close();
    throw cause;
  }
}
