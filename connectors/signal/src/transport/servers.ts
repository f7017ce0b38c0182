import type { Log } from "@daybook/keeping";
import { SignalError } from "../error.ts";
import { plain, zkgroup } from "../libsignal.ts";

/**
 * Where Signal's servers are, and what vouches for them. A test server differs from Signal's own in these values only:
 * all else is the same code path.
 */
export interface SignalServers {
  /** Signal's own chat servers, whose root the library holds; or one on this machine, by its port and root (DER). */
  readonly chat: "signal" | { readonly port: number; readonly rootCertificate: Uint8Array };
  /** Keys, base64, one of which must be behind each sealed sender's certificate. */
  readonly trustRoots: readonly string[];
  /** zkgroup parameters, base64: group states and credentials are checked against them. */
  readonly publicParams: string;
  /** By the number of the CDN, the start of its addresses. */
  readonly cdn: Readonly<Record<number, string>>;
  /** Start of the storage service's addresses: groups, contacts. */
  readonly storage: string;
  /** PEM of the only root that CDN and storage are trusted by. */
  readonly certificateAuthority: string;
  /** How messages are sent: `grpc` is what the library does by itself. */
  readonly sendOver: "grpc" | "websocket";
}

/** What Signal's server vouches for groups by. @throws {SignalError} `malformed` */
export function groupServer({ publicParams }: Pick<SignalServers, "publicParams">) {
  try {
    return new zkgroup.ServerPublicParams(plain(Buffer.from(publicParams, "base64")));
  } catch (cause) {
    throw new SignalError("malformed", "the zkgroup parameters of Signal's servers cannot be read", {
      cause,
    });
  }
}

/** What reaches Signal and how this client names itself there. */
export interface NetworkOptions {
  readonly servers: SignalServers;
  /** Never another client's: `Daybook/0.1`, say. */
  readonly userAgent: string;
  readonly log: Log;
}
