import { z } from "zod";

const MAX_HOSTS = 4;

/** One of an aggregator's hosts: `smpps://HOST:PORT`, or `smpp://` where nobody can listen in between. */
export const smppHost = z
  .string()
  .regex(/^smpps?:\/\/(?:[\w.-]+|\[[0-9a-f:]+\]):\d{1,5}$/i, "must look like smpps://HOST:PORT")
  .transform((text) => {
    const { protocol, hostname, port } = new URL(text);
    return { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port), hasTls: protocol === "smpps:" };
  })
  .refine(({ port }) => port >= 1 && port <= 65_535, "must have a port from 1 to 65535");

export const smppHosts = z.array(smppHost).min(1).max(MAX_HOSTS);

/** As `@daybook/sms` names them, which takes long to load. */
export const smppAlphabet = z.enum(["gsm", "gsm-packed", "ascii", "latin1", "utf-8"]).default("gsm");

/** Of the number that joins the parts of a long text. */
export const smppReferenceBits = z.coerce
  .number<number | string>()
  .pipe(z.union([z.literal(8), z.literal(16)], "must be 8 or 16"))
  .default(8);

/** ISO 3166. */
export const smsCountry = z.string().regex(/^[A-Z]{2}$/, "must be two capital letters, like GB");

export const keepsHours = z.coerce.number<number | string>().int().min(1).max(8_760).default(24);
