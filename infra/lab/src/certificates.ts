import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** A key and its certificate, PEM. */
export interface Certified {
  readonly key: string;
  readonly certificate: string;
}

/** Vouches for the parts of a lab, for two days. */
export interface Authority {
  /** Its own certificate, PEM: whoever trusts it trusts what it issued. */
  readonly ca: string;
  /**
   * @param of.subject the certificate's common name
   * @param of.names `DNS:…` and `IP:…` that it is good for; none for a client
   * @param of.expired whether it was good until yesterday only
   */
  issue(of: { subject: string; names?: readonly string[]; expired?: boolean }): Promise<Certified>;
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
const run = (...args: string[]) => promisify(execFile)("openssl", args);

/**
 * Makes an authority for certificates, with `openssl`.
 *
 * @param dir for its files; made when it is not there
 * @throws {Error} when openssl is missing (ENOENT) or fails
 */
export async function makeAuthority(dir: string, name = "Daybook lab"): Promise<Authority> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const at = (file: string) => join(dir, file);
  const subject = ["-subj", `/CN=${name}`, "-days", "2"];
  await run("req", "-x509", ...NEW_KEY, ...subject, "-keyout", at("ca.key"), "-out", at("ca.pem"));
  let issued = 0;
  return {
    ca: await readFile(at("ca.pem"), "utf8"),
    async issue({ subject: common, names = [], expired = false }) {
      issued += 1;
      const [key, request, certificate, extensions] = ["key", "csr", "pem", "ext"].map((end) =>
        at(`issued-${issued}.${end}`),
      ) as [string, string, string, string];
      await run("req", "-new", ...NEW_KEY, "-subj", `/CN=${common}`, "-keyout", key, "-out", request);
      const alternatives = names.length > 0 ? `subjectAltName=${names.join()}\n` : "";
      await writeFile(extensions, `basicConstraints=CA:FALSE\n${alternatives}`);
      const by = ["-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial", "-extfile", extensions];
      await run("x509", "-req", "-in", request, ...by, "-days", expired ? "-1" : "2", "-out", certificate);
      const made = { key: await readFile(key, "utf8"), certificate: await readFile(certificate, "utf8") };
      for (const file of [key, request, extensions]) await rm(file);
      return made;
    },
  };
}
