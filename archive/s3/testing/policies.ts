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
  const identities = IDENTITIES.map((name) => [name, name] as const);
  return filled(`${kind}.json`, new Map<string, string>([["bucket", bucket], ...identities]));
}

/**
 * The same rights as an identity's own policy, for a store whose buckets have none: MinIO.
 *
 * @param buckets by what they are for
 * @throws {Error} when a placeholder is of nothing known
 */
export async function minioPolicyOf(
  identity: IdentityName,
  buckets: Readonly<Record<PolicyKind, string>>,
): Promise<string> {
  return filled(`minio/${identity}.json`, new Map(Object.entries(buckets)));
}

async function filled(file: string, names: ReadonlyMap<string, string>): Promise<string> {
  const text = await readFile(join(POLICIES, file), "utf8");
  return JSON.stringify(JSON.parse(text)).replace(/\$\{([^}]*)\}/g, (_, placeholder: string) => {
    const name = names.get(placeholder);
    if (name === undefined) throw new Error(`${file}: nothing is called ${placeholder}`);
    return name;
  });
}
