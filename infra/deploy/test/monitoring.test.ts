import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { check, DEPLOY, describeWith, ROOT } from "./support/tools.ts";

const MONITORING = join(DEPLOY, "monitoring");
const rules = readFileSync(join(MONITORING, "alerts.yaml"), "utf8");
const dashboard = readFileSync(join(MONITORING, "dashboard.json"), "utf8");

/** Every metric that a service sets: named as a whole in a source. */
const existing = new Set(
  ["archive", "connectors", "infra", "services"].flatMap((top) =>
    readdirSync(join(ROOT, top), { recursive: true, encoding: "utf8" })
      .filter((name) => /^[^/]+\/src\/.*\.ts$/.test(name))
      .flatMap((name) => [...readFileSync(join(ROOT, top, name), "utf8").matchAll(/"(daybook_[a-z_]+)"/g)])
      .map(([, metric]) => metric),
  ),
);

it.each([
  ["alert rules", rules],
  ["dashboard", dashboard],
])("name in the %s only metrics that exist", (_, text) => {
  const named = [...text.matchAll(/\bdaybook_[a-z_]+/g)].map(([metric]) =>
    metric.replace(/_(bucket|count|sum)$/, ""),
  );

  expect(named.length).toBeGreaterThan(10);
  expect([...new Set(named)].filter((metric) => !existing.has(metric))).toEqual([]);
});

it("says what to do at each alert, in a section of its own that the rule names", () => {
  const guide = readFileSync(join(DEPLOY, "alerts.md"), "utf8");
  const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name!);
  const sections = [...guide.matchAll(/^## (\w+)$/gm)].map(([, name]) => name!);
  const links = [...rules.matchAll(/runbook_url: (\S+)/g)].map(([, link]) => link!);

  expect(sections).toEqual(alerts);
  expect(links).toEqual(alerts.map((name) => `infra/deploy/alerts.md#${name.toLowerCase()}`));
});

describeWith(["promtool"], "the alert rules", ({ promtool }) => {
  it("fire on what they are for, and on nothing that is well", async () => {
    await check(promtool!, ["check", "rules", join(MONITORING, "alerts.yaml")]);
    await check(promtool!, ["test", "rules", join(MONITORING, "alerts.test.yaml")]);
    const tried = readFileSync(join(MONITORING, "alerts.test.yaml"), "utf8");

    for (const [, name] of rules.matchAll(/- alert: (\w+)/g)) expect(tried).toContain(`alertname: ${name}\n`);
  });
});
