import type { SignalServers } from "@daybook/signal";
import { z } from "zod";

const base64 = z.base64().min(1).max(100_000);
const address = z.url({ protocol: /^https$/ });

/** Where Signal's servers are, as a file says it: see `connectors/signal`. */
export const signalServers = z
  .strictObject({
    chat: z.union([
      z.literal("signal"),
      z
        .strictObject({ port: z.int().min(1).max(65_535), rootCertificate: base64 })
        .transform(({ port, rootCertificate }) => ({
          port,
          rootCertificate: new Uint8Array(Buffer.from(rootCertificate, "base64")),
        })),
    ]),
    trustRoots: z.array(base64).min(1).max(10),
    publicParams: base64,
    cdn: z
      .record(z.string().regex(/^\d{1,2}$/), address)
      .transform((cdn): Record<number, string> =>
        Object.fromEntries(Object.entries(cdn).map(([n, url]) => [Number(n), url])),
      ),
    storage: address,
    certificateAuthority: z.string().regex(/-----BEGIN CERTIFICATE-----/, "must be PEM"),
    sendOver: z.enum(["grpc", "websocket"]).default("grpc"),
  })
  .transform((servers): SignalServers => servers);
