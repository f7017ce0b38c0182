import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { jest } from "@jest/globals";
import { REHEARSAL_EVENTS } from "@daybook/rehearsal";
import { exportAndVerify, openMatter, untilRecords } from "../e2e/support/archive.ts";
import { Daybook, type Driven } from "../e2e/support/daybook.ts";
import { deploy, type Deployment } from "./deployment.ts";
import { describeDeployed } from "./installed.ts";

jest.setTimeout(300_000);

const SEARCHES = [
  ["ferry"],
  ['"north pier"'],
  ["procur*"],
  ["ferry OR bridge"],
  ["ferry", "--", "-terms"],
  ["--network", "signal"],
  ["--custodian", "Morag Sutherland", "--kind", "edit", "--kind", "delete", "--kind", "gap"],
  ["--conversation", "Ferry contract", "--from", "2026-03-03", "--to", "2026-03-04"],
  ["--kind", "coverage"],
  ["quetzalcoatlus"],
];

interface Page {
  readonly total: number;
  readonly results: readonly { readonly id: string }[];
}

describeDeployed("the made-up week on real engines, beside a machine alone", () => {
  const alone = new Daybook();
  let deployment: Deployment;
  let all: readonly Driven[] = [];
  let matters: readonly string[] = [];
  beforeAll(async () => {
    deployment = (await deploy({ shards: 8, env: { DAYBOOK_CONNECTORS: "rehearsal" } }))!;
    await alone.up("--sample");
    all = [alone, deployment];
    matters = await Promise.all(all.map((daybook) => openMatter(daybook, "A first look")));
  });
  afterAll(async () => {
    await alone.remove();
    await deployment.remove();
  });

  it("is the same number of records", async () => {
    for (const daybook of all) expect(await untilRecords(daybook, REHEARSAL_EVENTS)).toBe(REHEARSAL_EVENTS);
  });

  it.each(SEARCHES.map((search) => [search.join(" "), search] as const))(
    "answers the same to %s",
    async (_, search) => {
      const answers = await Promise.all(
        all.map(async (daybook, i) => {
          const asked = ["search", "--matter", matters[i]!, "--limit", "100", ...search];
          const { total, results } = await daybook.json<Page>(asked);
          return { total, results: results.map(({ id: _id, ...shown }) => shown) };
        }),
      );
      expect(answers[1]).toEqual(answers[0]);
    },
  );

  it("shows the checkpoint of each log that has one, though another has none yet", async () => {
    for (const daybook of all) {
      const { shards } = await daybook.json<{ shards: { shard: string; size: number }[] }>(["status"]);
      const { checkpoints } = await daybook.json<{ checkpoints: { shard: string }[] }>(["log", "checkpoint"]);
      const begun = shards.filter(({ size }) => size > 0).map(({ shard }) => shard);
      expect(checkpoints.map(({ shard }) => shard)).toEqual(expect.arrayContaining(begun));
    }
  });

  it("exports the same records and attachments, which verify", async () => {
    const [one, other] = await Promise.all(
      all.map(async (daybook, i) => {
        const { ok, out } = await exportAndVerify(daybook, matters[i]!, "evidence");
        expect(ok).toBe(true);
        return {
          records: recordsIn(out),
          attachments: readdirSync(join(out, "data/attachments")).toSorted(),
        };
      }),
    );
    expect(one!.records).toHaveLength(REHEARSAL_EVENTS);
    expect(one!.attachments.length).toBeGreaterThan(0);
    expect(other).toEqual(one);
  });
});

interface Exported {
  readonly kind: string;
  readonly custodian?: { readonly id: string; readonly name: string };
  readonly attachments?: readonly { readonly sealed: string }[];
  readonly [field: string]: unknown;
}

/** What an export has of the week, but for what is another in every deployment, in order of what is left. */
function recordsIn(out: string): unknown[] {
  const dir = join(out, "data/records");
  return readdirSync(dir)
    .map((name) => JSON.parse(readFileSync(join(dir, name), "utf8")) as Exported)
    .filter(({ kind }) => kind !== "audit")
    .map(({ id: _id, salt: _salt, capturedAt: _capturedAt, custodian, attachments, ...same }) => ({
      ...same,
      custodian: custodian?.name,
      attachments: attachments?.map(({ sealed: _sealed, ...file }) => file),
    }))
    .toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
