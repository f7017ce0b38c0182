import { IDENTITIES, minioPolicyOf, policyOf, type PolicyKind } from "@daybook/s3/testing";

interface Statement {
  readonly Effect: string;
  readonly Principal?: { readonly AWS: string | readonly string[] };
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: unknown;
}

const KINDS: readonly PolicyKind[] = ["records", "heads", "keyring", "keyring-copy"];
const BUCKETS = Object.fromEntries(KINDS.map((kind) => [kind, kind])) as Record<PolicyKind, string>;
const flat = (of: string | readonly string[]): readonly string[] => (typeof of === "string" ? [of] : of);

/** What statements come to, a line each. */
function rights(statements: readonly Statement[]): string[] {
  return statements
    .flatMap(({ Effect, Action, Resource, Condition }) =>
      flat(Action).flatMap((action) =>
        flat(Resource).map(
          (resource) =>
            `${Effect} ${action} ${resource}${Condition === undefined ? "" : ` if ${JSON.stringify(Condition)}`}`,
        ),
      ),
    )
    .toSorted();
}

const statementsOf = (policy: string) =>
  (JSON.parse(policy) as { Statement: readonly Statement[] }).Statement;

describe("an identity's own policy, for MinIO", () => {
  it.each(IDENTITIES)("gives %s the rights that the buckets' policies give", async (identity) => {
    const policies = await Promise.all(KINDS.map((kind) => policyOf(kind, kind)));
    const ofBuckets = policies
      .flatMap(statementsOf)
      .filter(({ Principal }) => flat(Principal?.AWS ?? []).includes(identity));
    const own = rights(statementsOf(await minioPolicyOf(identity, BUCKETS)));
    if (identity !== "expirer") expect(own).toEqual(rights(ofBuckets));
    else {
      // There one who may remove a version may also hide the object, unless no version is named.
      const more = own.filter((right) => / s3:DeleteObject /.test(right));
      const records = "arn:aws:s3:::records";
      expect(more).toEqual([
        ...["attachment", "keyring-snapshot", "log"].map((at) => `Allow s3:DeleteObject ${records}/${at}/*`),
        `Deny s3:DeleteObject ${records}/* if {"StringEquals":{"s3:versionid":""}}`,
      ]);
      const others = (of: string[]) => of.filter((right) => !/ s3:DeleteObject /.test(right));
      expect(others(own)).toEqual(others(rights(ofBuckets)));
    }
  });
});
