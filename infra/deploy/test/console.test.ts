import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  composeModel,
  type Manifest,
  manifestsOf,
  podsOf,
  renderChart,
  settingsOfPods,
  systemdSettings,
} from "./support/deployed.ts";
import { describeWith } from "./support/tools.ts";

type Labels = Readonly<Record<string, string>>;

interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly { key: string; operator: string; values: readonly string[] }[];
}

interface Rule {
  readonly from?: readonly { readonly podSelector?: Selector }[];
  readonly to?: readonly { readonly podSelector?: Selector; readonly ipBlock?: unknown }[];
  readonly ports?: readonly { readonly port: number }[];
}

interface Policy {
  readonly podSelector: Selector;
  readonly policyTypes: readonly string[];
  readonly ingress?: readonly Rule[];
  readonly egress?: readonly Rule[];
}

/** Of the console: settings that would have it know more than an address. */
const MORE = /DEPLOYMENT|SHARDS|SERVICE_TOKEN|KAFKA|S3|POSTGRES|RECORDS|ARCHIVE|RECIPIENTS|TOKENS/;

describeWith(
  ["helm", "kubernetes-validate"],
  "the chart's console",
  ({ helm, "kubernetes-validate": python }) => {
    const manifests = async (...more: string[]) => manifestsOf(await renderChart(helm!, ...more), python!);
    let all: readonly Manifest[];
    beforeAll(async () => {
      all = await manifests();
    });

    const named = (kind: string, name: string) =>
      all.find((one) => one.kind === kind && one.metadata.name === name)!;
    const labelsOf = (service: string): Labels => ({
      "app.kubernetes.io/name": "daybook",
      "app.kubernetes.io/instance": "daybook",
      "app.kubernetes.io/component": service,
    });
    /** Every rule of a direction that holds for a service's pods: policies add up. */
    const rulesFor = (service: string, direction: "ingress" | "egress") =>
      all
        .filter(({ kind }) => kind === "NetworkPolicy")
        .map(({ spec }) => spec as unknown as Policy)
        .filter(({ podSelector }) => selects(podSelector, labelsOf(service)))
        .flatMap((policy) => policy[direction] ?? []);
    const portsOf = (rules: readonly Rule[]) =>
      rules.flatMap(({ ports = [] }) => ports.map(({ port }) => port));
    const mayCall = (from: string, to: string, port: number) =>
      rulesFor(from, "egress").some(
        (rule) =>
          portsOf([rule]).includes(port) &&
          rule.to?.some(({ podSelector }) => podSelector && selects(podSelector, labelsOf(to))),
      ) &&
      rulesFor(to, "ingress").some(
        (rule) =>
          portsOf([rule]).includes(port) &&
          (!rule.from ||
            rule.from.some(({ podSelector }) => podSelector && selects(podSelector, labelsOf(from)))),
      );

    it("may ask the front's address for it and nothing else", () => {
      expect(mayCall("console", "front", 8444)).toBe(true);
      for (const service of ["archiver", "capture", "records", "evidence", "retention", "gateway", "console"])
        expect({ service, may: mayCall("console", service, 4480) }).toEqual({ service, may: false });
      const out = rulesFor("console", "egress");
      expect([...new Set(portsOf(out))].sort()).toEqual([53, 8444]);
      expect(out.flatMap(({ to = [] }) => to).filter(({ ipBlock }) => ipBlock)).toEqual([]);
    });

    it("is asked by the front alone", () => {
      expect(mayCall("front", "console", 4480)).toBe(true);
      for (const service of ["archiver", "capture", "records", "evidence", "retention", "gateway"])
        expect({ service, may: mayCall(service, "console", 4480) }).toEqual({ service, may: false });
    });

    it("leaves the others' ways as they were", () => {
      for (const service of ["archiver", "capture", "records", "evidence", "gateway"]) {
        expect(mayCall("front", service, 4480)).toBe(true);
        expect(mayCall("records", service, 4480)).toBe(true);
        expect(
          rulesFor(service, "egress")
            .flatMap(({ to = [] }) => to)
            .some(({ ipBlock }) => ipBlock),
        ).toBe(true);
      }
      expect(
        rulesFor("front", "egress")
          .flatMap(({ to = [] }) => to)
          .some(({ ipBlock }) => ipBlock),
      ).toBe(false);
    });

    it("has its way to the API to itself, and not at the people's address", () => {
      for (const service of ["archiver", "capture", "records", "evidence", "gateway", "witnessing"])
        expect({ service, may: mayCall(service, "front", 8444) }).toEqual({ service, may: false });
      const anybody = rulesFor("front", "ingress").filter(({ from }) => !from);
      expect(portsOf(anybody)).toEqual([8443]);
      expect(named("Service", "daybook-front").spec).toMatchObject({
        ports: [{ port: 443, targetPort: "https" }],
      });
      expect(named("Service", "daybook-front-inner").spec).toMatchObject({
        type: "ClusterIP",
        ports: [{ port: 8444 }],
      });
    });

    it("mounts its own files alone", () => {
      const { volumes } = named("Deployment", "daybook-console").spec!.template!.spec;

      expect(volumes.map(({ name }) => name)).toEqual(["secrets", "tls", "tmp"]);
    });

    it("says what is missing where a value has to be given", async () => {
      await expect(renderChart(helm!, "--set", "console.origin=")).rejects.toThrow("console.origin");
      await expect(renderChart(helm!, "--set", "front.enabled=false")).rejects.toThrow("console.url");
    });

    it("leaves nothing behind where it is not wanted, nor the way to it", async () => {
      const without = await manifests("--set", "console.enabled=false");
      const names = without.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
      const { data } = without.find(
        ({ kind, metadata }) => kind === "ConfigMap" && metadata.name === "daybook-front",
      ) as Manifest & { data: Labels };

      expect(names.filter((name) => /console|inner/.test(name))).toEqual([]);
      expect(data["daybook-inner.conf"]!.trim()).toBe("");
      expect(data["daybook-upstreams.conf"]).toContain("upstream console { server 127.0.0.1:4480 down; }");
      expect(JSON.stringify(without)).not.toMatch(/"port": ?8444|inner-certificate/);
    });
  },
);

function selects({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([name, value]) => labels[name] === value) &&
    matchExpressions.every(({ key, operator, values }) => {
      if (operator !== "NotIn") throw new Error(`no such operator here: ${operator}`);
      return !values.includes(labels[key] ?? "");
    })
  );
}

describeWith(["compose-check"], "the console of compose's trial", ({ "compose-check": parser }) => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "console-"));
  });
  afterAll(() => rm(dir, { recursive: true }));

  it("is inside alone, asks the front inside alone, and is told nothing more", async () => {
    const { services } = await composeModel(parser!, dir);
    const { networks = {}, environment = {}, ports } = services.console!;

    expect(Object.keys(networks)).toEqual(["inside"]);
    expect(ports).toBeUndefined();
    expect(environment).toMatchObject({ DAYBOOK_URL: "https://front:8444" });
    expect(Object.keys(environment).filter((name) => MORE.test(name))).toEqual([]);
    expect(services.records!.environment?.DAYBOOK_CONSOLE_ORIGIN).toBe(environment.DAYBOOK_CONSOLE_ORIGIN);
    expect(services.front!.ports).toMatchObject([{ host_ip: "127.0.0.1", target: 8443 }]);
  });
});

describeWith(
  ["helm", "kubernetes-validate"],
  "whoever lets people in",
  ({ helm, "kubernetes-validate": python }) => {
    it("knows the address of the console, where there is one", async () => {
      const settings = async (...more: string[]) =>
        settingsOfPods(await podsOf(await renderChart(helm!, ...more), python!));
      const { records, console: own } = await settings();

      expect(records!.DAYBOOK_CONSOLE_ORIGIN).toBe("https://archive.example.org");
      expect(own!.DAYBOOK_CONSOLE_ORIGIN).toBe(records!.DAYBOOK_CONSOLE_ORIGIN);
      expect((await settings("--set", "console.enabled=false")).records).not.toHaveProperty(
        "DAYBOOK_CONSOLE_ORIGIN",
      );
    });
  },
);

describe("the console of systemd", () => {
  it("is told nothing more than an address", async () => {
    const { console: settings = {}, records = {} } = await systemdSettings();

    expect(Object.keys(settings).filter((name) => MORE.test(name))).toEqual([]);
    expect(records.DAYBOOK_CONSOLE_ORIGIN).toBe(settings.DAYBOOK_CONSOLE_ORIGIN);
  });
});
