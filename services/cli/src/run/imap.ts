import { join } from "node:path";
import type { Live } from "@daybook/capture";
import { type Config, type Logger, secret } from "@daybook/runtime";
import { z } from "zod";
import { bytes, key, pem } from "./settings.ts";

const IMAPS_PORT = 993;

const lines = (text: string) =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

/** A line `imaps://USER@HOST[:PORT][/FOLDER[,FOLDER...]] CUSTODIAN`; what a URL does not take is percent-encoded. */
const mailbox = z.string().transform((line, context) => {
  const [address = ""] = line.split(/\s/, 1);
  const custodian = line.slice(address.length).trim();
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol !== "imaps:" || !url.username || !url.hostname || url.password || !custodian) {
    const message = "each line must be imaps://USER@HOST[:PORT][/FOLDER,...] CUSTODIAN, without a password";
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  }
  try {
    const folders = url.pathname.split("/").slice(1).join("/").split(",").filter(Boolean);
    return {
      host: url.hostname,
      port: url.port === "" ? IMAPS_PORT : Number(url.port),
      user: decodeURIComponent(url.username),
      folders: folders.map(decodeURIComponent),
      custodian,
    };
  } catch {
    context.addIssue({ code: "custom", message: "a line has a percent sign that encodes nothing" });
    return z.NEVER;
  }
});

/** What capture is told where it reads mailboxes by IMAP: each is missing beside the connector's name, unless it says otherwise. */
export const IMAP = {
  DAYBOOK_IMAP_MAILBOXES: z
    .string()
    .max(1024 * 1024)
    .transform(lines)
    .pipe(z.array(mailbox).min(1).max(1_000))
    .optional()
    .describe("mailboxes: imaps://USER@HOST[:PORT][/FOLDER,...] and the custodian's name, one a line"),
  DAYBOOK_IMAP_PASSWORDS: secret()
    .optional()
    .describe(
      "their passwords, one a line, in the order of the mailboxes; usually DAYBOOK_IMAP_PASSWORDS_FILE",
    ),
  DAYBOOK_IMAP_CA: pem().optional().describe("certificates that vouch for their servers, PEM: the system's"),
  DAYBOOK_IMAP_KEY: key("encrypts what the connector remembers").optional(),
};

type Given = Config<typeof IMAP>;

const NEEDED = ["DAYBOOK_IMAP_MAILBOXES", "DAYBOOK_IMAP_PASSWORDS", "DAYBOOK_IMAP_KEY"] as const;

export function imapProblems(
  config: Partial<Given> & { readonly DAYBOOK_CONNECTORS?: readonly string[] },
): string[] {
  if (!config.DAYBOOK_CONNECTORS?.includes("imap")) return [];
  const problems = NEEDED.filter((name) => config[name] === undefined).map(
    (name) => `${name}: is missing beside the connector imap`,
  );
  const { DAYBOOK_IMAP_MAILBOXES: mailboxes, DAYBOOK_IMAP_PASSWORDS: passwords } = config;
  if (mailboxes && passwords && lines(passwords.reveal()).length !== mailboxes.length)
    problems.push("DAYBOOK_IMAP_PASSWORDS: must have a line for each mailbox");
  return problems;
}

/** The connector, by settings that were judged before. */
export async function imapOf(
  config: Given & { readonly DAYBOOK_STATE_PATH: string },
  log: Logger,
): Promise<Live> {
  const {
    DAYBOOK_IMAP_MAILBOXES: mailboxes,
    DAYBOOK_IMAP_PASSWORDS: passwords,
    DAYBOOK_IMAP_KEY: stateKey,
  } = config;
  if (!mailboxes || !passwords || !stateKey) throw new TypeError("mailboxes are read without their settings");
  const { imapLive } = await import("../imap.ts");
  return imapLive({
    accounts: mailboxes.map((one, n) => ({
      ...one,
      password: () => lines(passwords.reveal())[n] ?? "",
      ca: config.DAYBOOK_IMAP_CA,
    })),
    stateFile: join(config.DAYBOOK_STATE_PATH, "imap.state"),
    key: bytes(stateKey),
    log,
  });
}
