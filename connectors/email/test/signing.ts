import { generateKeyPairSync } from "node:crypto";
import { dkimSign } from "mailauth";
import { sealMessage } from "mailauth/lib/arc/index.js";
import type { Resolve } from "../src/reading/reading.ts";

/** The zone that keys stand in: what a DNS answers, for made-up domains. */
export class Zone {
  readonly #records = new Map<string, string[][]>();
  readonly asked: string[] = [];

  readonly resolve: Resolve = (name, type) => {
    this.asked.push(name);
    const found = type === "TXT" ? this.#records.get(name) : undefined;
    if (found) return Promise.resolve(found);
    return Promise.reject(Object.assign(new Error("no such name"), { code: "ENOTFOUND" }));
  };

  publish(domain: string, selector: string, record: string): void {
    // A TXT record comes in pieces of 255 bytes.
    this.#records.set(`${selector}._domainkey.${domain}`, [record.match(/.{1,255}/g) ?? []]);
  }

  /** A key that is made for it, and published. */
  signer(domain: string, { selector = "s1", bits = 2_048 } = {}): Signer {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: bits });
    const der = publicKey.export({ type: "spki", format: "der" });
    this.publish(domain, selector, `v=DKIM1; k=rsa; p=${der.toString("base64")}`);
    return { domain, selector, key: privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
  }
}

export interface Signer {
  readonly domain: string;
  readonly selector: string;
  readonly key: string;
}

/** The message with a signature of `mailauth`'s own in front. */
export async function signed(
  message: string,
  by: Signer,
  more: { readonly bodyBytes?: number; readonly headers?: string } = {},
): Promise<string> {
  const signer = {
    signingDomain: by.domain,
    selector: by.selector,
    privateKey: by.key,
    canonicalization: "relaxed/relaxed",
    algorithm: "rsa-sha256",
    ...(more.headers !== undefined && { headerList: more.headers }),
    ...(more.bodyBytes !== undefined && { maxBodyLength: more.bodyBytes }),
  };
  const { signatures, errors } = await dkimSign(message, { ...signer, signatureData: [signer] });
  if (signatures === "") throw new Error("nothing was signed", { cause: errors });
  return `${signatures}${message}`;
}

/** The message as a forwarder seals it, by `mailauth`. */
export async function sealed(message: string, by: Signer): Promise<string> {
  const seal = await sealMessage(message, {
    signingDomain: by.domain,
    selector: by.selector,
    privateKey: by.key,
    authResults: `${by.domain}; dkim=pass`,
    cv: "none",
  });
  return `${seal.toString()}${message}`;
}
