import { readFile } from "node:fs/promises";
import { join } from "node:path";

const POLICIES = join(import.meta.dirname, "..", "..", "..", "infra", "deploy", "s3");

/** Everyone whom the bucket policies of a deployment name. */
export const IDENTITIES = [
  "archiver",
  "capture",
  "evidence",
  "expirer",
  "extender",
  "probe",
  "records",
  "retention",
  "witnessing",
] as const;
export type IdentityName = (typeof IDENTITIES)[number];

/** The buckets that have a policy: the last is the keyring's second home. */
export type PolicyKind = "records" | "heads" | "keyring" | "keyring-copy";

/**
 * A bucket's policy as it is deployed, for a store that calls each identity by its own name.
 *
 * @throws {Error} when a placeholder is of nothing known
 */
export async function policyOf(kind: PolicyKind, bucket: string): Promise<string> {
  const text = await readFile(join(POLICIES, `${kind}.json`), "utf8");
  const names = new Map<string, string>([
    ["bucket", bucket],
    ...IDENTITIES.map((name) => [name, name] as const),
  ]);
  return JSON.stringify(JSON.parse(text)).replace(/\$\{([^}]*)\}/g, (_, placeholder: string) => {
    const name = names.get(placeholder);
    if (name === undefined) throw new Error(`${kind}.json: nothing is called ${placeholder}`);
    return name;
  });
}
