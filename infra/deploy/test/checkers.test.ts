import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { composeModel, filesOf, podsOf, renderChart, SERVICES } from "./support/deployed.ts";
import { check, DEPLOY, describeWith, ROOT } from "./support/tools.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "checked-"));
});
afterAll(() => rm(dir, { recursive: true }));

describeWith(["shellcheck"], "scripts", ({ shellcheck }) => {
  it("are found right by shellcheck", async () => {
    await check(shellcheck!, await filesOf(".", ".sh"));
  });
});

describeWith(["hadolint"], "the image", ({ hadolint }) => {
  it("is found right by hadolint", async () => {
    await check(hadolint!, [join(ROOT, "Dockerfile")]);
  });

  it("leaves out of its context what could be secret, and every folder of tests", async () => {
    const ignored = (await readFile(join(ROOT, ".dockerignore"), "utf8")).split("\n");

    for (const line of [".git", ".daybook", "**/node_modules", "**/test", "infra/deploy/*"]) {
      expect(ignored).toContain(line);
    }
    expect(ignored.filter((line) => line.startsWith("!"))).toEqual([
      "!infra/deploy/docker",
      "!infra/lab/package.json",
      "!test/package.json",
    ]);
  });
});

describeWith(["helm", "kubernetes-validate"], "the chart", ({ helm, "kubernetes-validate": validator }) => {
  it("is found right by helm lint, and each manifest by Kubernetes' schemas", async () => {
    await check(helm!, [
      "lint",
      "--strict",
      join(DEPLOY, "helm"),
      "--values",
      join(DEPLOY, "test", "values.yaml"),
    ]);
    const rendered = join(dir, "rendered.yaml");
    await writeFile(
      rendered,
      await renderChart(
        helm!,
        ...["--set", "monitoring.enabled=true", "--set", "capture.whatsappBusiness.enabled=true"],
      ),
    );

    for (const version of ["1.29.0", "1.33.0"]) {
      await check(validator!, ["--strict", "--kubernetes-version", version, rendered]);
    }
  });

  it("runs every pod without rights, on a root that it cannot write", async () => {
    const pods = await podsOf(await renderChart(helm!), validator!);

    expect([...pods.keys()].sort()).toEqual([
      "Deployment/daybook-console",
      "Deployment/daybook-evidence",
      "Deployment/daybook-front",
      "Deployment/daybook-gateway",
      "Deployment/daybook-retention",
      "Deployment/daybook-witnessing",
      "Job/daybook-migrate",
      "StatefulSet/daybook-archiver",
      "StatefulSet/daybook-capture",
      "StatefulSet/daybook-records",
    ]);
    for (const pod of pods.values()) {
      expect(pod).toMatchObject({
        enableServiceLinks: false,
        automountServiceAccountToken: false,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 10_001,
          seccompProfile: { type: "RuntimeDefault" },
        },
      });
      for (const container of pod.containers) {
        expect(container.securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        });
        expect(container.resources?.limits).toHaveProperty("memory");
      }
      for (const { secret } of pod.volumes) if (secret) expect(secret.defaultMode).toBe(0o440);
    }
  });
});

describeWith(["compose-check"], "the trial of compose", ({ "compose-check": parser }) => {
  it("runs every container as its user, on a root that it cannot write, and shows one port to this machine alone", async () => {
    const { services } = await composeModel(parser!, dir);

    for (const [name, { user, read_only, cap_drop }] of Object.entries(services)) {
      expect({ name, user, cap_drop }).toEqual({ name, user: "1000:1000", cap_drop: ["ALL"] });
      // Kafka's image writes its settings where it starts.
      expect({ name, read_only: read_only ?? false }).toEqual({ name, read_only: name !== "kafka" });
    }
    const ports = Object.values(services).flatMap(({ ports: shown = [] }) => shown);
    expect(ports.map(({ host_ip }) => host_ip)).toEqual(["127.0.0.1"]);
  });
});

describeWith(["systemd-analyze"], "systemd's units", ({ "systemd-analyze": analyze }) => {
  it("are found right, but for the program that is not installed here", async () => {
    for (const service of SERVICES) {
      const units = { ...process.env, SYSTEMD_UNIT_PATH: `${join(DEPLOY, "systemd")}:` };
      const said = await check(analyze!, ["verify", `daybook@${service}.service`], { env: units }).catch(
        String,
      );
      const lines = said.split("\n").filter((line) => line.startsWith(`daybook@${service}.service:`));

      expect(lines.filter((line) => !line.includes("/opt/daybook/bin/node is not executable"))).toEqual([]);
    }
  });

  it("expose little, by systemd's own measure", async () => {
    // Tenths: 0 is nothing, 100 everything.
    const measure = ["security", "--offline=yes", "--threshold=15", "--no-pager"];
    await check(analyze!, [...measure, join(DEPLOY, "systemd", "daybook@.service")]);
  });

  it("have settings and secrets for every service", async () => {
    const names = await readdir(join(DEPLOY, "systemd"));

    for (const service of SERVICES) {
      expect(names).toEqual(expect.arrayContaining([`${service}.env`, `daybook@${service}.service.d`]));
    }
  });
});
