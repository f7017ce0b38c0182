import { createPrivateKey } from "node:crypto";
import { z } from "zod";
import { microsoftOrigin } from "./microsoft-settings.ts";

const IMAPS_PORT = 993;
const SIGN_INS = ["microsoft", "google"] as const;

/** Exchange Online, whose tokens are asked for; without a path. */
export const outlookUrl = microsoftOrigin.default("https://outlook.office365.com");

/** How many mailboxes a setting may name. */
export const MAX_IMAP_MAILBOXES = 1_000;

/**
 * `imaps://USER@HOST[:PORT][/FOLDER[,FOLDER...]][?auth=microsoft|google]`, where `auth` says whose tokens are shown in place of a
 * password; what a URL does not take is percent-encoded.
 */
export const imapUrl = z.string().transform((text, context) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isRight = url?.protocol === "imaps:" && url.username && url.hostname && !url.password && !url.hash;
  const [auth, ...more] = [...(url?.searchParams ?? [])];
  const tokens = SIGN_INS.find((name) => auth?.[0] === "auth" && auth[1] === name);
  if (!url || !isRight || more.length > 0 || (auth && !tokens)) {
    const message =
      "must be imaps://USER@HOST[:PORT][/FOLDER,...][?auth=microsoft or ?auth=google], without a password";
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
      tokens,
    };
  } catch {
    context.addIssue({ code: "custom", message: "has a percent sign that encodes nothing" });
    return z.NEVER;
  }
});

/** The JSON file of a service account's key, as Google's console gives it. */
export const googleServiceAccount = z
  .looseObject({
    type: z.literal("service_account"),
    client_email: z.string().min(3).max(320),
    private_key_id: z.string().min(1).max(256),
    private_key: z.string().max(65_536).refine(isRsaKey, "must be an RSA key, PEM"),
    token_uri: z
      .url({ protocol: /^https?$/ })
      .max(2_048)
      .refine((text) => /^https:|^http:\/\/(127\.0\.0\.1|\[::1\])[:/]/.test(text), "must be https"),
  })
  .transform(({ client_email, private_key_id, private_key, token_uri }) => ({
    ...{ clientEmail: client_email, keyId: private_key_id, tokenUrl: token_uri },
    privateKey: () => private_key,
  }));

function isRsaKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === "rsa";
  } catch {
    return false;
  }
}
