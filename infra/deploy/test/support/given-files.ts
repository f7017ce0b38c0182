import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { check, ROOT } from "./tools.ts";
import type { Settings } from "./deployed.ts";

export const DAYBOOK = join(ROOT, "node_modules", ".bin", "daybook");
const CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n";
const PEMS = new Set(["ca", "certificate", "certificate-key", "tls.crt", "tls.key"]);

/** Holds a ceremony. @returns the folder of its secrets */
export async function ceremony(dir: string): Promise<string> {
  const out = join(dir, "secrets");
  await check(DAYBOOK, [
    "keys",
    "ceremony",
    "--deployment",
    "archive.example.org",
    "--shards",
    "2",
    "--out",
    out,
  ]);
  return out;
}

/** The same settings, with each file that they name made here: of the ceremony's secrets, or else made up. */
export async function withFiles(
  settings: Settings,
  service: string,
  of: { readonly dir: string; readonly secrets: string },
): Promise<Settings> {
  const own = join(of.dir, service);
  await mkdir(own, { recursive: true });
  const made: Record<string, string> = {};
  for (const [name, value] of Object.entries(settings)) {
    made[name] = value;
    if (!name.endsWith("_FILE")) continue;
    const file = basename(value);
    const path = (made[name] = join(own, file));
    await writeFile(path, await contentOf(file, service, of.secrets), { mode: 0o400 }).catch(ifThere);
  }
  return made;
}

/** Of connectors. */
const GIVEN: Readonly<Record<string, string>> = {
  "whatsapp-business-numbers": "106540352242922 Olivia Sinclair\n",
  "whatsapp-business-app-secrets": "a secret, made up\n",
  "whatsapp-business-verify-token": "a verify token, made up",
  "whatsapp-business-access-token": "an access token, made up",
  "whatsapp-business-key": Buffer.alloc(32, 7).toString("base64"),
  "sms-numbers": "+447700900123 Olivia Sinclair\n+447700900124 Olivia Sinclair\n",
  "sms-key": Buffer.alloc(32, 9).toString("base64"),
  "sms-webhooks": JSON.stringify({
    sources: [
      {
        name: "vonage",
        provider: "vonage",
        url: "https://hooks.example.gov.uk/webhooks/sms/vonage",
        secrets: ["a signature secret, made up, of some length"],
        numbers: ["+447700900124"],
      },
    ],
  }),
  "email-mailboxes": "olivia@example.gov.uk Olivia Sinclair\n",
  "email-journal-addresses": "journal-7f3a@archive.example.gov.uk",
  "email-key": Buffer.alloc(32, 10).toString("base64"),
  "imap-mailboxes": "imaps://olivia@mail.example.gov.uk Olivia Sinclair\n",
  "imap-passwords": "a password, made up\n",
  "imap-key": Buffer.alloc(32, 11).toString("base64"),
  "imessage-key": Buffer.alloc(32, 12).toString("base64"),
  "whatsapp-web-key": Buffer.alloc(32, 8).toString("base64"),
};

async function contentOf(file: string, service: string, secrets: string): Promise<string> {
  if (PEMS.has(file) || file.endsWith("-ca")) return CERTIFICATE;
  // Of a trial that a time-stamp authority alone witnesses.
  if (file === "witnesses") return "";
  const given = GIVEN[file];
  if (given !== undefined) return given;
  for (const folder of [service, "shared"]) {
    const found = await readFile(join(secrets, folder, file), "utf8").catch(() => undefined);
    if (found !== undefined) return found;
  }
  return "a password of an engine's, made up";
}

function ifThere(error: NodeJS.ErrnoException): void {
  if (error.code !== "EACCES" && error.code !== "EEXIST") throw error;
}
