import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ComposeModel,
  composeModel,
  type Deployed,
  podsOf,
  renderChart,
  SERVICES,
  settingsOfPods,
  systemdSettings,
} from "./support/deployed.ts";
import { ceremony, DAYBOOK, withFiles } from "./support/given-files.ts";
import { check, DEPLOY, describeWith } from "./support/tools.ts";

interface Setting {
  readonly name: string;
  readonly required: boolean;
}

let dir: string;
let secrets: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "deployed-"));
  secrets = await ceremony(dir);
});
afterAll(() => rm(dir, { recursive: true }));

const known = new Map<string, Promise<readonly Setting[]>>();

/** The settings that a service has. */
async function settingsOf(service: string): Promise<readonly Setting[]> {
  const asked =
    known.get(service) ??
    check(DAYBOOK, ["run", service, "--settings", "--json"]).then((text) => JSON.parse(text) as Setting[]);
  known.set(service, asked);
  return asked;
}

/** Every way to deploy tells each service all it must know and nothing that is not its own. */
function itSuits(deployed: () => Promise<Deployed>, services: readonly string[]): void {
  it.each(services)("tells %s what it needs, and nothing else", async (service) => {
    const settings = (await deployed())[service] ?? {};
    const own = await settingsOf(service);
    const names = Object.keys(settings)
      .filter((name) => name.startsWith("DAYBOOK_"))
      .map((name) => name.replace(/_FILE$/, ""));

    expect(names.filter((name) => !own.some((one) => one.name === name))).toEqual([]);
    expect(own.filter(({ name, required }) => required && !names.includes(name))).toEqual([]);
  });

  it.each(services)("tells %s nothing that it refuses", async (service) => {
    const settings = await withFiles((await deployed())[service] ?? {}, service, { dir, secrets });
    const env = { PATH: process.env.PATH, ...settings };

    await expect(check(DAYBOOK, ["run", service, "--check"], { env })).resolves.toContain("are right");
  });

  it.each(services)("keeps what is secret of %s out of its environment", async (service) => {
    const named = Object.keys((await deployed())[service] ?? {});

    expect(named.filter((name) => /(_KEY|_SECRET|_PASSWORD|_TOKEN|_PASSPHRASE)$/.test(name))).toEqual([]);
  });
}

describe("systemd", () => {
  itSuits(systemdSettings, SERVICES);

  it("names for Signal the settings that capture has, and no secret itself", async () => {
    const text = await readFile(join(DEPLOY, "systemd", "capture-signal.conf"), "utf8");
    const named = [...text.matchAll(/^Environment=(DAYBOOK_\w+)=/gm)].map(([, name]) => name!);
    const own = (await settingsOf("capture")).map(({ name }) => name);

    expect(named).toEqual(["DAYBOOK_CONNECTORS", "DAYBOOK_SIGNAL_SERVERS_FILE", "DAYBOOK_SIGNAL_KEY_FILE"]);
    expect(own).toEqual(expect.arrayContaining(named.map((name) => name.replace(/_FILE$/, ""))));
  });
});

describeWith(["helm", "kubernetes-validate"], "the chart", ({ helm, "kubernetes-validate": validator }) => {
  const pods = async (...more: string[]) => podsOf(await renderChart(helm!, ...more), validator!);
  let rendered: Promise<Deployed> | undefined;
  itSuits(() => (rendered ??= pods().then(settingsOfPods)), [...SERVICES, "migrate"]);

  it("says what is missing where a value has to be given", async () => {
    await expect(renderChart(helm!, "--set", "deployment=")).rejects.toThrow("deployment: its name");
    await expect(renderChart(helm!, "--set", "s3.endpoint=")).rejects.toThrow("s3.endpoint");
  });

  it("has one process alone capture Signal, with both of its files", async () => {
    const signal = ["--set", "capture.signal.enabled=true"];
    const { capture } = settingsOfPods(await pods(...signal));

    expect(capture).toMatchObject({
      DAYBOOK_CONNECTORS: "signal",
      DAYBOOK_SIGNAL_SERVERS_FILE: "/run/secrets/signal-servers",
      DAYBOOK_SIGNAL_KEY_FILE: "/run/secrets/signal-key",
    });
    await expect(renderChart(helm!, ...signal, "--set", "capture.replicas=2")).rejects.toThrow(
      "capture.replicas must be 1",
    );
  });

  it("gives a service any other setting, by the values", async () => {
    const deployed = settingsOfPods(await pods("--set", "archiver.settings.DAYBOOK_LINGER_SECONDS=3"));

    expect(deployed.archiver).toMatchObject({ DAYBOOK_LINGER_SECONDS: "3" });
    expect(deployed.records).not.toHaveProperty("DAYBOOK_LINGER_SECONDS");
  });
});

describeWith(["compose-check"], "the trial of compose", ({ "compose-check": parser }) => {
  let model: ComposeModel;
  beforeAll(async () => {
    model = await composeModel(parser!, dir);
  });
  itSuits(
    async () =>
      Object.fromEntries(
        Object.entries(model.services).map(([name, { environment = {} }]) => [name, environment]),
      ),
    [...SERVICES, "migrate"],
  );

  it("gives each service the files that its settings name, and no others", () => {
    for (const service of SERVICES) {
      const { environment = {}, secrets: given = [] } = model.services[service]!;
      const named = Object.entries(environment)
        .filter(([name]) => name.endsWith("_FILE"))
        .map(([, path]) => path);

      expect(
        given
          .map(({ source, target }) => target ?? `/run/secrets/${source}`)
          .map(absolute)
          .sort(),
      ).toEqual(named.sort());
    }
  });
});

function absolute(target: string): string {
  return target.startsWith("/") ? target : `/run/secrets/${target}`;
}
