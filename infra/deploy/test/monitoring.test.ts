import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Manifest, manifestsOf, renderChart, SERVICES } from "./support/deployed.ts";
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

describeWith(
  ["helm", "kubernetes-validate"],
  "the chart's monitoring",
  ({ helm, "kubernetes-validate": validator }) => {
    const manifests = async (...more: string[]) => manifestsOf(await renderChart(helm!, ...more), validator!);
    const ofOperator = ({ kind }: Manifest) => ["PodMonitor", "PrometheusRule"].includes(kind);

    it("is not there unless it is asked for, as a cluster without its operator refuses it", async () => {
      expect((await manifests()).filter(ofOperator)).toEqual([]);
    });

    it("has the very rules that are tried above, and the labels that it is found by", async () => {
      const asked = ["--set", "monitoring.enabled=true", "--set", "monitoring.labels.release=prometheus"];
      const found = (await manifests(...asked)).filter(ofOperator);
      const rule = found.find(({ kind }) => kind === "PrometheusRule")!;

      expect([rule.spec]).toEqual(await manifestsOf(rules, validator!));
      for (const { metadata } of found) expect(metadata).toMatchObject({ labels: { release: "prometheus" } });
    });

    it("reads the metrics of every service, at a port that its pods have, as a job of the name that rules want", async () => {
      const all = await manifests("--set", "monitoring.enabled=true");
      const { selector, podMetricsEndpoints } = all.find(({ kind }) => kind === "PodMonitor")!
        .spec as unknown as {
        selector: {
          matchLabels: Record<string, string>;
          matchExpressions: readonly { key: string; operator: string; values: readonly string[] }[];
        };
        podMetricsEndpoints: readonly {
          port: string;
          path: string;
          relabelings: readonly {
            sourceLabels: readonly string[];
            targetLabel: string;
            replacement: string;
          }[];
        }[];
      };
      const { key, values } = selector.matchExpressions[0]!;
      const selected = all
        .flatMap(({ spec }) => spec?.template ?? [])
        .filter(({ metadata: { labels = {} } = {} }) =>
          Object.entries(selector.matchLabels).every(([label, value]) => labels[label] === value),
        )
        .filter(({ metadata }) => !values.includes(metadata?.labels?.[key] ?? ""));
      const { port, path, relabelings } = podMetricsEndpoints[0]!;

      expect(selected.map(({ metadata }) => metadata?.labels?.[key]).sort()).toEqual([...SERVICES]);
      expect(path).toBe("/metrics");
      for (const { spec } of selected)
        expect(spec.containers[0]!.ports).toContainEqual({ name: port, containerPort: 4481 });
      expect(relabelings).toEqual([
        {
          sourceLabels: [`__meta_kubernetes_pod_label_${key.replaceAll(/[^a-z]/g, "_")}`],
          targetLabel: "job",
          replacement: "daybook-$1",
        },
      ]);
      expect(rules).toContain(`job=~"daybook.*"`);
    });
  },
);
