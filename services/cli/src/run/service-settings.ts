import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { secret } from "@daybook/runtime";
import { signalServers } from "../signal-servers.ts";
import { AGENTS } from "./agents.ts";
import { EMAIL } from "./email.ts";
import { IMAP } from "./imap.ts";
import { IMESSAGE } from "./imessage.ts";
import { SIGN_IN } from "./sign-in.ts";
import { SMS } from "./sms.ts";
import { WHATSAPP_BUSINESS } from "./whatsapp-business.ts";
import { WHATSAPP_WEB } from "./whatsapp-web.ts";
import { quietHours, ZONE } from "./zone.ts";
import { identity, KAFKA, KEPT_ELSEWHERE, key, KEYS, PEERS, pem, PERIODS, POSTGRES, S3 } from "./settings.ts";

/** Text that is no JSON fits no schema. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const statePath = (keeps: string) =>
  z.string().min(1).describe(`folder of its own on a lasting disk: ${keeps}`);

export const ARCHIVER = {
  ...KAFKA,
  ...S3,
  ...identity("PROBE", "tries to break a lock at the start, and may do so under probe/ alone"),
  ...POSTGRES,
  ...PERIODS,
  DAYBOOK_RECORDS_URL: PEERS.DAYBOOK_RECORDS_URL,
  DAYBOOK_CAPTURE_URLS: PEERS.DAYBOOK_ARCHIVER_URLS.optional().describe(
    "every capture service, comma-separated: their spools are asked before an ingest key is destroyed",
  ),
  DAYBOOK_ARCHIVER_NAME: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe(
      "of this process among the archivers: one that keeps its name gets its shards back after a restart",
    ),
  DAYBOOK_LINGER_SECONDS: z.coerce
    .number<string>()
    .min(0.1)
    .max(300)
    .default(10)
    .describe("how long an open segment waits for more records"),
  DAYBOOK_NAMING_KEY: key("names records"),
  DAYBOOK_LOG_KEY: key("signs checkpoints (Ed25519 seed)"),
  DAYBOOK_INGEST_SECRET: key("seals the ingest keys that archivers share"),
  ...KEYS.tokens,
  ...KEYS.recipients,
};

export const RECORDS = {
  ...KAFKA,
  ...S3,
  ...POSTGRES,
  ...PERIODS,
  ...KEPT_ELSEWHERE,
  DAYBOOK_ARCHIVER_URLS: PEERS.DAYBOOK_ARCHIVER_URLS,
  DAYBOOK_STATE_PATH: statePath("the first start writes the owner's token there"),
  DAYBOOK_REGISTRY_KEY: key("seals the registry's names and numbers"),
  ...ZONE,
  ...SIGN_IN,
  ...KEYS.scope,
  ...KEYS.tokens,
  ...KEYS.recipients,
  ...KEYS.reading,
  ...KEYS.vkeys,
};

export const EVIDENCE = {
  ...KAFKA,
  ...S3,
  ...POSTGRES,
  ...PEERS,
  DAYBOOK_WITNESSING_URL: PEERS.DAYBOOK_RECORDS_URL.optional().describe(
    "the witnessing service, where there is one: it is asked before each export",
  ),
  DAYBOOK_PACKAGES_PATH: z
    .string()
    .min(1)
    .default(join(tmpdir(), "daybook-packages"))
    .describe(
      "folder of its own for packages that wait to be taken, encrypted under keys that die with the process, on a disk with room for them",
    ),
  DAYBOOK_PACKAGES_HOURS: z.coerce
    .number<string>()
    .min(0.01)
    .max(720)
    .default(24)
    .describe("hours that a package waits to be taken"),
  ...KEYS.tokens,
  ...KEYS.recipients,
  ...KEYS.reading,
  ...KEYS.vkeys,
};

/** `VKEY URL` of each witness, one a line. */
const witnesses = z
  .string()
  .transform((text) => text.split("\n").filter((line) => line.trim() !== ""))
  .pipe(
    z.array(
      z
        .string()
        .regex(/^\S+ +https?:\/\/\S+$/, "each line must be VKEY URL")
        .transform((line) => {
          const [vkey = "", url = ""] = line.split(/ +/);
          return { vkey, url };
        }),
    ),
  );

export const WITNESSING = {
  ...KAFKA,
  ...S3,
  ...PEERS,
  DAYBOOK_WITNESSES: witnesses.default([]).describe("C2SP witnesses, `VKEY URL` each, one a line"),
  DAYBOOK_WITNESS_QUORUM: z.coerce
    .number<string>()
    .int()
    .min(0)
    .optional()
    .describe("how many of them a checkpoint needs: all, unless given"),
  DAYBOOK_TSA_URL: z.url().optional().describe("an RFC 3161 time-stamp authority"),
  DAYBOOK_TSA_CA: z.string().optional().describe("root certificates that its stamps have to lead to, PEM"),
  DAYBOOK_COSIGN_SECONDS: z.coerce
    .number<string>()
    .min(1)
    .default(60)
    .describe("seconds between cosignatures at least"),
  DAYBOOK_STAMP_HOURS: z.coerce
    .number<string>()
    .min(0.01)
    .default(24)
    .describe("hours between stamps at least"),
  ...KEYS.vkeys,
};

export const CAPTURE = {
  ...KAFKA,
  ...S3,
  ...POSTGRES,
  ...PEERS,
  DAYBOOK_STATE_PATH: statePath("the spool, which holds what Kafka has not taken yet"),
  DAYBOOK_SPOOL_MIB: z.coerce
    .number<string>()
    .int()
    .min(64)
    .max(16 * 1024 * 1024)
    .default(4_096)
    .describe("what may wait in the spool, MiB: beyond it nothing is acknowledged"),
  DAYBOOK_CONNECTORS: z
    .string()
    .transform((text) => text.split(",").map((one) => one.trim()))
    .pipe(
      z.array(
        z.enum([
          "email",
          "imap",
          "imessage",
          "rehearsal",
          "signal",
          "sms",
          "whatsapp-business",
          "whatsapp-web",
        ]),
      ),
    )
    .default([])
    .describe(
      "connectors to run besides imports, comma-separated: signal; sms; whatsapp-web; whatsapp-business; email; imessage; rehearsal, a made-up week",
    ),
  DAYBOOK_SIGNAL_SERVERS: z
    .string()
    .max(256 * 1024)
    .transform(parseJson)
    .pipe(signalServers)
    .optional()
    .describe("where Signal's servers are: JSON, as connectors/signal says"),
  DAYBOOK_SIGNAL_KEY: key("encrypts the files of Signal accounts").optional(),
  ...AGENTS,
  ...SMS,
  ...EMAIL,
  ...IMAP,
  ...IMESSAGE,
  ...WHATSAPP_BUSINESS,
  ...WHATSAPP_WEB,
  DAYBOOK_GATEWAY_URL: PEERS.DAYBOOK_RECORDS_URL.optional().describe(
    "the gateway, where messages are relayed: it is told what became of them",
  ),
  DAYBOOK_RELAY_KEY: key("opens the messages that are to be sent (X25519)").optional(),
  DAYBOOK_LINES_KEY: key("blinds what imports remember"),
  ...KEYS.scope,
};

export const GATEWAY = {
  ...KAFKA,
  ...POSTGRES,
  ...PEERS,
  DAYBOOK_RELAY_PUBLIC_KEY: key("seals the messages that capture is to send (X25519)"),
  DAYBOOK_REQUEST_KEY: key("blinds what the gateway remembers"),
  DAYBOOK_RELAY_PER_MINUTE: z.coerce
    .number<string>()
    .int()
    .min(1)
    .max(1_000)
    .default(30)
    .describe("messages that one account may send in a minute"),
  DAYBOOK_RELAY_EXPIRES_SECONDS: z.coerce
    .number<string>()
    .int()
    .min(10)
    .max(86_400)
    .default(900)
    .describe("a message that its network has not taken by then is not sent any more"),
  DAYBOOK_RELAY_REFUSED_MARKINGS: z
    .string()
    .transform((text) => text.split(",").map((one) => one.trim()))
    .pipe(z.array(z.string().min(1).max(100)).max(100))
    .default(["OFFICIAL-SENSITIVE", "SECRET", "TOP SECRET"])
    .describe("text that bears one of these markings is not sent, comma-separated"),
  DAYBOOK_RELAY_QUIET_HOURS: quietHours
    .optional()
    .describe(
      "when no text message is sent, by whose clocks: 21:00-08:00 Europe/London; at any time, unless given",
    ),
  DAYBOOK_POLICY_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("the organisation's own policy service, which is asked before each message"),
  DAYBOOK_POLICY_TOKEN: secret().optional().describe("a bearer token for it"),
  DAYBOOK_POLICY_CA: pem().optional().describe("certificates that vouch for it, PEM: the system's"),
};

export const RETENTION = {
  ...S3,
  ...identity("EXTENDER", "lengthens locks, and may neither read, shorten nor delete"),
  ...identity("EXPIRER", "alone deletes, and only what has lapsed"),
  ...PEERS,
  ...PERIODS,
  DAYBOOK_SNAPSHOT_DAYS: KEPT_ELSEWHERE.DAYBOOK_SNAPSHOT_DAYS,
  DAYBOOK_EXTEND_BELOW_DAYS: z.coerce
    .number<string>()
    .int()
    .min(1)
    .default(230)
    .describe("locks with fewer days left are lengthened"),
  DAYBOOK_GRACE_DAYS: z.coerce
    .number<string>()
    .int()
    .min(1)
    .default(7)
    .describe("days that an unclaimed attachment stays after its first lock"),
  DAYBOOK_RETENTION_NAMES: z.coerce
    .number<string>()
    .int()
    .min(1_000)
    .max(10_000_000)
    .default(100_000)
    .describe("names of objects in memory at a time, half a KiB each"),
  DAYBOOK_RETENTION_HOURS: z.coerce
    .number<string>()
    .min(0.01)
    .max(168)
    .default(24)
    .describe("hours between passes"),
  ...KEYS.vkeys,
};

/** The console holds no key and no token of the deployment's: it asks the API as whoever is signed in. */
export const CONSOLE = {
  DAYBOOK_URL: z
    .url({ protocol: /^https?$/, error: "must look like https://HOST[:PORT]" })
    .describe("the API's one address, as the proxy in front has it"),
  DAYBOOK_CONSOLE_ORIGIN: z
    .url({ protocol: /^https?$/, error: "must look like https://HOST[:PORT]" })
    .transform((url) => new URL(url).origin)
    .describe("the console's own address, as browsers have it"),
  DAYBOOK_CONSOLE_SECRET: key("signs the tokens of forms: the same for every console of a deployment"),
};
