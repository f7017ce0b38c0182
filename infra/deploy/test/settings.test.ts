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
import { ceremony, withFiles } from "./support/given-files.ts";
import { ask } from "./support/run-service.ts";
import { DEPLOY, describeWith } from "./support/tools.ts";

interface Setting {
  readonly name: string;
  readonly required: boolean;
}

const filesOf = (connector: string, ...names: readonly string[]) =>
  names.map((name) => `DAYBOOK_${connector}_${name}_FILE`);
const WHATSAPP_FILES = filesOf(
  "WHATSAPP_BUSINESS",
  "NUMBERS",
  "APP_SECRETS",
  "VERIFY_TOKEN",
  "ACCESS_TOKEN",
  "KEY",
);

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
  const asked = known.get(service) ?? ask(service, "settings").then((text) => JSON.parse(text) as Setting[]);
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

    await expect(ask(service, "check", env)).resolves.toContain("are right");
  });

  it.each(services)("keeps what is secret of %s out of its environment", async (service) => {
    const named = Object.keys((await deployed())[service] ?? {});

    expect(named.filter((name) => /(_KEY|_SECRET|_PASSWORD|_TOKEN|_PASSPHRASE)$/.test(name))).toEqual([]);
  });
}

describe("systemd", () => {
  itSuits(systemdSettings, SERVICES);

  it("names in records-directory.conf the one secret that records has of a directory", async () => {
    const text = await readFile(join(DEPLOY, "systemd", "records-directory.conf"), "utf8");

    expect([...text.matchAll(/^Environment=(DAYBOOK_\w+)=%d\//gm)].map(([, name]) => name)).toEqual([
      "DAYBOOK_OIDC_CLIENT_SECRET_FILE",
    ]);
    expect((await settingsOf("records")).map(({ name }) => name)).toContain("DAYBOOK_OIDC_CLIENT_SECRET");
  });

  it.each([
    ["capture-signal.conf", ["DAYBOOK_SIGNAL_SERVERS_FILE", "DAYBOOK_SIGNAL_KEY_FILE"]],
    ["capture-whatsapp-business.conf", WHATSAPP_FILES],
    ["capture-sms.conf", filesOf("SMS", "NUMBERS", "SMPP_PASSWORD", "WEBHOOKS", "KEY")],
    ["capture-imap.conf", filesOf("IMAP", "MAILBOXES", "PASSWORDS", "KEY")],
    ["capture-imessage.conf", filesOf("IMESSAGE", "BLUEBUBBLES_PASSWORD", "KEY")],
    ["capture-email.conf", filesOf("EMAIL", "MAILBOXES", "JOURNAL_ADDRESSES", "KEY")],
  ])("names in %s the settings that capture has, and no secret itself", async (file, names) => {
    const text = await readFile(join(DEPLOY, "systemd", file), "utf8");
    const named = [...text.matchAll(/^Environment=(DAYBOOK_\w+)=%d\/(.*)$/gm)];
    const loaded = [...text.matchAll(/^LoadCredential=([\w-]+):\/etc\/daybook\/secrets\/capture\/(.*)$/gm)];
    const own = (await settingsOf("capture")).map(({ name }) => name);

    expect(named.map(([, name]) => name)).toEqual(names);
    expect(loaded.map(([, name]) => name)).toEqual(named.map(([, , name]) => name));
    expect(own).toEqual(expect.arrayContaining(names.map((name) => name.replace(/_FILE$/, ""))));
  });

  it("has capture run the connectors that its settings name, several beside each other", async () => {
    const { capture } = await systemdSettings();
    const files = Object.fromEntries(
      WHATSAPP_FILES.map((name) => [name, `/run/credentials/${fileOf(name)}`]),
    );
    const settings = { ...capture, ...files, DAYBOOK_CONNECTORS: "whatsapp-business" };
    const env = { PATH: process.env.PATH, ...(await withFiles(settings, "capture", { dir, secrets })) };

    await expect(ask("capture", "check", env)).resolves.toContain("are right");
    const both = { ...env, DAYBOOK_CONNECTORS: "signal,whatsapp-business" };
    // Signal's own are missing, and nothing of WhatsApp's.
    await expect(ask("capture", "check", both)).rejects.toThrow(
      /DAYBOOK_SIGNAL_SERVERS: is missing beside the connector signal; DAYBOOK_SIGNAL_KEY: [^;]*\n/,
    );
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

  it("lets people sign in with a directory, by a secret that is in a file", async () => {
    const directory = ["--set", "console.directory=true"];
    const { records } = settingsOfPods(await pods(...directory));
    expect(records).toMatchObject({ DAYBOOK_OIDC_CLIENT_SECRET_FILE: "/run/secrets/oidc-client-secret" });
    const given = await withFiles(records!, "records", { dir, secrets });
    const env = { PATH: process.env.PATH, ...given };
    await expect(ask("records", "check", env)).rejects.toThrow(
      "DAYBOOK_OIDC_ISSUER: is missing beside DAYBOOK_OIDC_CLIENT_SECRET",
    );
    const rest = {
      DAYBOOK_OIDC_ISSUER: "https://login.example.org",
      DAYBOOK_OIDC_CLIENT_ID: "daybook",
      DAYBOOK_OIDC_ROLES: "officers=records-officer, admins=administrator",
    };
    await expect(ask("records", "check", { ...env, ...rest })).resolves.toContain("are right");
    for (const [name, value] of [
      ["ISSUER", "http://login.example.org"],
      ["ROLES", "officers=emperor"],
      ["ROLES", "officers"],
    ])
      await expect(
        ask("records", "check", { ...env, ...rest, [`DAYBOOK_OIDC_${name}`]: value }),
      ).rejects.toThrow(`DAYBOOK_OIDC_${name}: `);
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

  it("has Meta come by the front to the one process that captures official numbers, with Signal beside it", async () => {
    const business = ["--set", "capture.whatsappBusiness.enabled=true"];
    const both = [...business, "--set", "capture.signal.enabled=true"];
    const rendered = await renderChart(helm!, ...business);
    const { capture } = settingsOfPods(await podsOf(rendered, validator!));

    expect(capture).toMatchObject({
      DAYBOOK_CONNECTORS: "whatsapp-business",
      ...Object.fromEntries(WHATSAPP_FILES.map((name) => [name, `/run/secrets/${fileOf(name)}`])),
    });
    const settings = await withFiles(capture!, "capture", { dir, secrets });
    const env = { PATH: process.env.PATH, ...settings };
    await expect(ask("capture", "check", env)).resolves.toContain("are right");
    expect(settingsOfPods(await pods(...both)).capture).toMatchObject({
      DAYBOOK_CONNECTORS: "signal,whatsapp-business",
    });
    expect(rendered).toContain("upstream webhooks { server daybook-any-capture:4482; }");
    expect(await renderChart(helm!)).toContain("upstream webhooks { server 127.0.0.1:4482 down; }");
    await expect(renderChart(helm!, ...business, "--set", "capture.replicas=2")).rejects.toThrow(
      "capture.replicas must be 1",
    );
  });

  it("has agents on devices come by the front to the one process that takes what they hand over", async () => {
    const agents = ["--set", "capture.agents.kinds={android-sms}"];
    const rendered = await renderChart(helm!, ...agents);
    const { capture } = settingsOfPods(await podsOf(rendered, validator!));

    expect(capture).toMatchObject({ DAYBOOK_AGENTS: "android-sms" });
    const settings = await withFiles(capture!, "capture", { dir, secrets });
    const env = { PATH: process.env.PATH, ...settings };
    await expect(ask("capture", "check", env)).resolves.toContain("are right");
    expect(rendered).toContain("upstream agents { server daybook-any-capture:4483; }");
    expect(await renderChart(helm!)).toContain("upstream agents { server 127.0.0.1:4483 down; }");
    await expect(renderChart(helm!, ...agents, "--set", "capture.replicas=2")).rejects.toThrow(
      "capture.replicas must be 1",
    );
  });

  it("has aggregators, providers and mail servers come to the one process that captures text messages and mail", async () => {
    const given = {
      "sms.enabled": "true",
      "sms.webhooks": "true",
      "sms.cdrClaim": "sms-records",
      "email.enabled": "true",
      "settings.DAYBOOK_SMS_COUNTRY": "GB",
      "settings.DAYBOOK_SMS_SMPP_HOSTS": "smpps://smpp.aggregator.example:3550",
      "settings.DAYBOOK_SMS_SMPP_SYSTEM_ID": "daybook",
      "settings.DAYBOOK_EMAIL_SOURCES": "192.0.2.0/24",
    };
    const both = Object.entries(given).flatMap(([name, value]) => ["--set", `capture.${name}=${value}`]);
    const rendered = await renderChart(helm!, ...both);
    const { capture } = settingsOfPods(await podsOf(rendered, validator!));

    expect(capture).toMatchObject({ DAYBOOK_CONNECTORS: "sms,email" });
    const settings = await withFiles(capture!, "capture", { dir, secrets });
    const env = { PATH: process.env.PATH, ...settings };
    await expect(ask("capture", "check", env)).resolves.toContain("are right");
    expect(rendered).toContain("upstream sms { server daybook-any-capture:4484; }");
    expect(rendered).toContain("{ name: mail, port: 25, targetPort: mail }");
    expect(rendered.match(/claimName: sms-records, readOnly: true/g)).toHaveLength(1);
    expect(await renderChart(helm!)).toContain("upstream sms { server 127.0.0.1:4484 down; }");
    await expect(renderChart(helm!, ...both, "--set", "capture.replicas=2")).rejects.toThrow(
      "capture.replicas must be 1",
    );
  });

  it("has capture run a connector that the chart says nothing else of, with its files", async () => {
    const files = filesOf("IMAP", "MAILBOXES", "PASSWORDS", "KEY").map(
      (name) => [name.replace(/_FILE$/, ""), fileOf(name)] as const,
    );
    const given = files.flatMap(([name, file]) => ["--set", `capture.files.${name}=${file}`]);
    const { capture } = settingsOfPods(await pods("--set", "capture.connectors={imap}", ...given));

    expect(capture).toMatchObject({ DAYBOOK_CONNECTORS: "imap" });
    const settings = await withFiles(capture!, "capture", { dir, secrets });
    const env = { PATH: process.env.PATH, ...settings };
    await expect(ask("capture", "check", env)).resolves.toContain("are right");
  });

  it("gives a service any other setting, by the values", async () => {
    const deployed = settingsOfPods(await pods("--set", "archiver.settings.DAYBOOK_LINGER_SECONDS=3"));

    expect(deployed.archiver).toMatchObject({ DAYBOOK_LINGER_SECONDS: "3" });
    expect(deployed.records).not.toHaveProperty("DAYBOOK_LINGER_SECONDS");
  });
});

describeWith(["compose-check"], "the trial of compose", ({ "compose-check": parser }) => {
  itIsATrial(() => composeModel(parser!, dir));
});

describeWith(
  ["compose-check"],
  "the trial of compose with official numbers",
  ({ "compose-check": parser }) => {
    const read = () => composeModel(parser!, dir, "whatsapp-business.yaml");
    itIsATrial(read);

    it("lets capture alone out, besides who has to", async () => {
      const { services } = await read();
      const out = Object.entries(services).filter(([, { networks = {} }]) => "outside" in networks);

      expect(out.map(([name]) => name).sort()).toEqual(["capture", "front", "witnessing"]);
    });
  },
);

describeWith(["compose-check"], "the trial of compose with a directory", ({ "compose-check": parser }) => {
  const read = () => composeModel(parser!, dir, "directory.yaml");
  itIsATrial(read);

  it("lets records alone out, besides who has to", async () => {
    const { services } = await read();
    const out = Object.entries(services).filter(([, { networks = {} }]) => "outside" in networks);

    expect(out.map(([name]) => name).sort()).toEqual(["front", "records", "witnessing"]);
    expect(services["records"]!.environment).toMatchObject({
      DAYBOOK_OIDC_CLIENT_SECRET_FILE: "/run/secrets/oidc-client-secret",
    });
  });
});

function itIsATrial(read: () => Promise<ComposeModel>): void {
  let model: ComposeModel;
  beforeAll(async () => {
    model = await read();
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
}

/** The file of a setting of WhatsApp's, as secrets call it. */
function fileOf(name: string): string {
  return name
    .replace(/^DAYBOOK_/, "")
    .replace(/_FILE$/, "")
    .toLowerCase()
    .replaceAll("_", "-");
}

function absolute(target: string): string {
  return target.startsWith("/") ? target : `/run/secrets/${target}`;
}
