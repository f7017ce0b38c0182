import { createTransport } from "nodemailer";

/** The body's own server, by which its programs send mail: RFC 6409. */
export interface Submission {
  readonly host: string;
  readonly port: number;
  /** `none` on one machine alone. */
  readonly security: "tls" | "starttls" | "none";
  readonly user?: string | undefined;
  readonly password?: (() => string) | undefined;
  /** PEM; the system's, unless given. */
  readonly ca?: string | undefined;
}

const CONNECT_MS = 30_000;
const SOCKET_MS = 120_000;

/** What the server did; `later` where nobody knows, or it said so. */
export type Submitted = "taken" | "refused" | "later";

/**
 * Hands one message to the server. May be repeated: the message names itself, and a mailbox that knows names shows it once.
 *
 * @param of.from where what comes back of it goes; nowhere where it is empty
 */
export async function submit(
  { from, to, message }: { readonly from: string; readonly to: string; readonly message: Uint8Array },
  by: Submission,
): Promise<Submitted> {
  const transport = createTransport({
    host: by.host,
    port: by.port,
    secure: by.security === "tls",
    requireTLS: by.security === "starttls",
    ignoreTLS: by.security === "none",
    ...(by.user !== undefined && { auth: { user: by.user, pass: by.password?.() ?? "" } }),
    tls: { minVersion: "TLSv1.2", ...(by.ca !== undefined && { ca: by.ca }) },
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: SOCKET_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    await transport.sendMail({ envelope: { from, to: [to] }, raw: Buffer.from(message) });
    return "taken";
  } catch (error) {
    const { code, responseCode } = error as { code?: unknown; responseCode?: unknown };
    // What is wrong with the login may be mended; a recipient or a message that is refused stays refused.
    const isFinal = typeof responseCode === "number" && responseCode >= 500 && code !== "EAUTH";
    return isFinal ? "refused" : "later";
  } finally {
    transport.close();
  }
}
