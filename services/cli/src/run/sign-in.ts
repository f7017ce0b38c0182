import { ROLES, type Config, secret } from "@daybook/runtime";
import type { DirectoryOptions, SignInOptions } from "@daybook/records";
import { z } from "zod";

const claim = () => z.string().min(1).max(256);
const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Nobody may listen in between: HTTPS, but on this machine. */
const safeUrl = () =>
  z.url({ protocol: /^https?$/, error: "must look like https://HOST[:PORT]" }).refine((text) => {
    const { protocol, hostname } = new URL(text);
    return protocol === "https:" || LOOPBACK.has(hostname);
  }, "must be https");

/** `VALUE=ROLE` each, comma-separated. */
const roleMap = z
  .string()
  .max(16 * 1024)
  .transform((text) => text.split(",").map((one) => one.trim().split("=")))
  .pipe(
    z
      .array(
        z.tuple(
          [z.string().min(1).max(512), z.enum(ROLES)],
          "each must be VALUE=ROLE, with a role of Daybook's",
        ),
      )
      .min(1)
      .max(100)
      .transform((pairs) => new Map(pairs)),
  );

/** How people sign in at a deployment's console: passkeys, and the organisation's directory where there is one. */
export const SIGN_IN = {
  DAYBOOK_CONSOLE_ORIGIN: safeUrl()
    .transform((url) => new URL(url).origin)
    .optional()
    .describe(
      "the console's own address, as browsers have it: passkeys are bound to its host; without it nobody signs in",
    ),
  DAYBOOK_OIDC_ISSUER: safeUrl()
    .optional()
    .describe("the organisation's directory, by OpenID Connect: its issuer"),
  DAYBOOK_OIDC_CLIENT_ID: claim().optional().describe("what Daybook is called there"),
  DAYBOOK_OIDC_CLIENT_SECRET: secret().optional().describe("its secret (client_secret_basic)"),
  DAYBOOK_OIDC_NAME: z
    .string()
    .min(1)
    .max(100)
    .default("your organisation's account")
    .describe("what people call it"),
  DAYBOOK_OIDC_HELP: z
    .string()
    .min(1)
    .max(200)
    .default("whoever runs Daybook for you")
    .describe("whom it tells people to ask whom the directory gives no role"),
  DAYBOOK_OIDC_SCOPES: z
    .string()
    .transform((text) => text.split(/[ ,]+/).filter((one) => one !== ""))
    .pipe(z.array(claim()).max(20))
    .default([])
    .describe("scopes besides `openid profile`"),
  DAYBOOK_OIDC_SUBJECT_CLAIM: claim().default("sub").describe("claim that says who somebody is, for good"),
  DAYBOOK_OIDC_NAME_CLAIM: claim().default("name").describe("claim with their name"),
  DAYBOOK_OIDC_ROLES_CLAIM: claim()
    .default("roles")
    .describe("claim with their roles: app roles, not groups"),
  DAYBOOK_OIDC_CUSTODIANS_CLAIM: claim()
    .optional()
    .describe(
      "claim with the names or ids of the custodians that they are: without it an administrator says so",
    ),
  DAYBOOK_OIDC_ROLES: roleMap
    .optional()
    .describe("which role a value of that claim gives: VALUE=ROLE, comma-separated"),
};

type Settings = Config<typeof SIGN_IN>;

const OF_DIRECTORY = ["CLIENT_ID", "CLIENT_SECRET", "ROLES"] as const;

/** What of a directory is missing beside the rest. */
export function signInProblems(config: Settings): string[] {
  const given = config.DAYBOOK_OIDC_ISSUER !== undefined;
  const problems = OF_DIRECTORY.flatMap((name) => {
    const isGiven = config[`DAYBOOK_OIDC_${name}`] !== undefined;
    if (given === isGiven) return [];
    const [lacks, beside] = given ? [name, "ISSUER"] : ["ISSUER", name];
    return [`DAYBOOK_OIDC_${lacks}: is missing beside DAYBOOK_OIDC_${beside}`];
  });
  if (given && config.DAYBOOK_CONSOLE_ORIGIN === undefined)
    problems.push("DAYBOOK_CONSOLE_ORIGIN: is missing beside DAYBOOK_OIDC_ISSUER");
  return problems;
}

/** Undefined where there is no console: then there are tokens alone. */
export function signInOf(config: Settings): SignInOptions | undefined {
  const { DAYBOOK_CONSOLE_ORIGIN: origin } = config;
  const directory = directoryOf(config);
  return origin === undefined ? undefined : { origin, ...(directory && { directory }) };
}

function directoryOf(config: Settings): DirectoryOptions | undefined {
  const {
    DAYBOOK_OIDC_ISSUER: issuer,
    DAYBOOK_OIDC_CLIENT_ID: clientId,
    DAYBOOK_OIDC_CLIENT_SECRET: clientSecret,
    DAYBOOK_OIDC_ROLES: roles,
    DAYBOOK_OIDC_CUSTODIANS_CLAIM: custodians,
  } = config;
  if (issuer === undefined || clientId === undefined || !clientSecret || !roles) return undefined;
  return {
    issuer,
    clientId,
    clientSecret,
    name: config.DAYBOOK_OIDC_NAME,
    help: config.DAYBOOK_OIDC_HELP,
    scopes: config.DAYBOOK_OIDC_SCOPES,
    claims: {
      subject: config.DAYBOOK_OIDC_SUBJECT_CLAIM,
      name: config.DAYBOOK_OIDC_NAME_CLAIM,
      roles: config.DAYBOOK_OIDC_ROLES_CLAIM,
      ...(custodians !== undefined && { custodians }),
    },
    roles: Object.fromEntries(roles),
  };
}
