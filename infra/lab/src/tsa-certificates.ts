import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** What the certificate of a time-stamp authority says; by default what RFC 3161 asks for. */
export interface TsaCertificates {
  /** Of the signing certificate, in OpenSSL's words. */
  readonly usage?: string;
  readonly key?: "ec" | "rsa" | "rsa-1024";
  /** Days that the signing certificate is valid for; 0: until now. */
  readonly days?: number;
  /** Extensions of an authority between root and signer; none, if not given. */
  readonly intermediate?: string;
}

/** `basicConstraints` and key usage of an authority that may issue certificates. */
export const AUTHORITY = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign";

const run = promisify(execFile);
const KEYS = {
  ec: ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
  rsa: ["rsa:2048"],
  "rsa-1024": ["rsa:1024"],
} as const;
const FOREVER_DAYS = 30;

/**
 * Makes the files of a time-stamp authority in `dir`: `ca.pem`, `tsa.pem`, `tsa.key`, `chain.pem`, and `tsa.cnf` for
 * `openssl ts`, each run with keys of its own.
 */
export async function makeTsaCertificates(dir: string, of: TsaCertificates): Promise<void> {
  const { usage = "critical,timeStamping", key = "ec", days = FOREVER_DAYS, intermediate } = of;
  const file = (name: string) => join(dir, name);
  const config = `[req]
distinguished_name=dn
[dn]
[root]
${AUTHORITY}
subjectKeyIdentifier=hash
[middle]
${intermediate ?? AUTHORITY}
subjectKeyIdentifier=hash
[signer]
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=${usage}
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
[stamping]
serial=${file("serial")}
signer_digest=sha256
default_policy=1.2.3.4.1
digests=sha256,sha384,sha512
accuracy=secs:1
ess_cert_id_alg=sha256
`;
  await writeFile(file("tsa.cnf"), config);
  await writeFile(file("serial"), "01\n");
  const openssl = (...args: string[]) => run("openssl", args, { cwd: dir });
  const request = (name: string, kind: keyof typeof KEYS, subject: string, ...args: string[]) =>
    openssl(
      ...["req", "-config", "tsa.cnf", "-newkey", ...KEYS[kind], "-nodes"],
      ...["-keyout", `${name}.key`, "-subj", subject, ...args],
    );
  const issue = (name: string, issuer: string, section: string, validDays: number) =>
    openssl(
      ...["x509", "-req", "-in", `${name}.csr`, "-CA", `${issuer}.pem`, "-CAkey", `${issuer}.key`],
      ...["-CAcreateserial", "-out", `${name}.pem`, "-days", String(validDays)],
      ...["-extfile", "tsa.cnf", "-extensions", section],
    );
  const root = ["-x509", "-days", String(FOREVER_DAYS), "-extensions", "root", "-out", "ca.pem"];
  await request("ca", "rsa", "/CN=Lab Root", ...root);
  if (intermediate !== undefined) {
    await request("middle", "rsa", "/CN=Lab Authority", "-out", "middle.csr");
    await issue("middle", "ca", "middle", FOREVER_DAYS);
  }
  const issuer = intermediate === undefined ? "ca" : "middle";
  await request("tsa", key, "/CN=Lab Time-Stamp Authority", "-out", "tsa.csr");
  await issue("tsa", issuer, "signer", days);
  await run("cp", [`${issuer}.pem`, "chain.pem"], { cwd: dir });
}
