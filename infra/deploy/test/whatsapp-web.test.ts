import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { composeModel, podsOf, renderChart, settingsOfPods, systemdSettings } from "./support/deployed.ts";
import { ceremony, DAYBOOK, withFiles } from "./support/given-files.ts";
import { check, DEPLOY, describeWith, ROOT } from "./support/tools.ts";

// Officials' own WhatsApp accounts, in each way to deploy: what `capture` needs besides, and what nobody else gets.

const RUNNING = "/run/daybook/whatsapp-web";

let dir: string;
let secrets: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "deployed-web-"));
  secrets = await ceremony(dir);
});
afterAll(() => rm(dir, { recursive: true }));

/** `daybook run capture --check` with these settings. */
async function judge(settings: Readonly<Record<string, string>>): Promise<string> {
  const env = { PATH: process.env.PATH, ...(await withFiles(settings, "capture", { dir, secrets })) };
  return check(DAYBOOK, ["run", "capture", "--check"], { env });
}

describe("systemd's drop-in", () => {
  it("hands capture its key, and has sessions in memory over a restart", async () => {
    const text = await readFile(join(DEPLOY, "systemd", "capture-whatsapp-web.conf"), "utf8");
    const { capture } = await systemdSettings();
    const given = {
      DAYBOOK_CONNECTORS: "whatsapp-web",
      DAYBOOK_WHATSAPP_WEB_KEY_FILE: "/run/credentials/whatsapp-web-key",
    };

    expect(text).toContain("LoadCredential=whatsapp-web-key:/etc/daybook/secrets/capture/whatsapp-web-key\n");
    expect(text).toContain("Environment=DAYBOOK_WHATSAPP_WEB_KEY_FILE=%d/whatsapp-web-key\n");
    // %t is /run.
    expect(text).toContain("RuntimeDirectory=daybook/whatsapp-web\n");
    expect(text).toContain("RuntimeDirectoryPreserve=restart\n");
    expect(text).toContain("Environment=DAYBOOK_WHATSAPP_WEB_RUNNING_PATH=%t/daybook/whatsapp-web\n");
    await expect(
      judge({ ...capture, ...given, DAYBOOK_WHATSAPP_WEB_RUNNING_PATH: RUNNING }),
    ).resolves.toContain("are right");
    await expect(judge({ ...capture, DAYBOOK_CONNECTORS: "whatsapp-web" })).rejects.toThrow(
      "DAYBOOK_WHATSAPP_WEB_KEY: is missing beside the connector whatsapp-web",
    );
  });
});

describeWith(["systemd-analyze"], "systemd's drop-in", ({ "systemd-analyze": analyze }) => {
  it("is found right, but for the program that is not installed here", async () => {
    const units = join(dir, "units");
    await mkdir(join(units, "daybook@capture.service.d"), { recursive: true });
    await copyFile(join(DEPLOY, "systemd", "daybook@.service"), join(units, "daybook@.service"));
    const dropIn = join(units, "daybook@capture.service.d", "whatsapp-web.conf");
    await copyFile(join(DEPLOY, "systemd", "capture-whatsapp-web.conf"), dropIn);
    const env = { ...process.env, SYSTEMD_UNIT_PATH: `${units}:` };
    const said = await check(analyze!, ["verify", "daybook@capture.service"], { env }).catch(String);
    const lines = said.split("\n").filter((line) => /^(daybook@capture|.*whatsapp-web\.conf)/.test(line));

    expect(lines.filter((line) => !line.includes("/opt/daybook/bin/node is not executable"))).toEqual([]);
  });
});

describeWith(["helm", "kubernetes-validate"], "the chart", ({ helm, "kubernetes-validate": validator }) => {
  const web = ["--set", "capture.whatsappWeb.enabled=true", "--set", "capture.whatsappWeb.image=chromium:1"];
  const profile = ["--set", "capture.whatsappWeb.seccompProfile=profiles/chromium.json"];
  const pods = async (...more: string[]) => podsOf(await renderChart(helm!, ...web, ...more), validator!);

  it("gives capture alone an image with Chromium, its key, and memory for sessions", async () => {
    const found = await pods(...profile, "--set", "capture.whatsappBusiness.enabled=true");
    const { capture, records } = settingsOfPods(found);

    expect(capture).toMatchObject({
      DAYBOOK_CONNECTORS: "whatsapp-business,whatsapp-web",
      DAYBOOK_WHATSAPP_WEB_KEY_FILE: "/run/secrets/whatsapp-web-key",
      DAYBOOK_WHATSAPP_WEB_RUNNING_PATH: RUNNING,
    });
    expect(capture).not.toHaveProperty("DAYBOOK_WHATSAPP_WEB_CHROMIUM_ARGS");
    await expect(judge(capture!)).resolves.toContain("are right");
    expect(Object.keys(records!).filter((name) => name.includes("WHATSAPP"))).toEqual([]);
    const images = [...found.values()].flatMap(({ containers }) => containers.map(({ image }) => image));
    expect(images.filter((image) => image === "chromium:1")).toHaveLength(1);
    const pod = found.get("StatefulSet/daybook-capture")!;
    expect(pod.volumes.find(({ name }) => name === "whatsapp-web")?.emptyDir).toEqual({
      medium: "Memory",
      sizeLimit: "512Mi",
    });
    expect(pod.containers[0]!.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
      seccompProfile: { type: "Localhost", localhostProfile: "profiles/chromium.json" },
    });
  });

  it("asks who holds a page that breaks out: Chromium, or the container alone", async () => {
    await expect(pods()).rejects.toThrow("capture.whatsappWeb.seccompProfile");
    const { capture } = settingsOfPods(await pods("--set", "capture.whatsappWeb.sandbox=false"));

    expect(capture).toMatchObject({ DAYBOOK_WHATSAPP_WEB_CHROMIUM_ARGS: "--no-sandbox" });
  });

  it("refuses a second replica, and an image that is not named", async () => {
    await expect(pods(...profile, "--set", "capture.replicas=2")).rejects.toThrow(
      "capture.replicas must be 1",
    );
    await expect(pods(...profile, "--set", "capture.whatsappWeb.image=")).rejects.toThrow(
      "capture.whatsappWeb.image: one with Chromium",
    );
  });

  it("is found right by Kubernetes' schemas", async () => {
    const rendered = join(dir, "rendered.yaml");
    await writeFile(rendered, await renderChart(helm!, ...web, ...profile));

    await check(validator!, ["--strict", "--kubernetes-version", "1.33.0", rendered]);
  });
});

describeWith(["compose-check"], "the trial of compose", ({ "compose-check": parser }) => {
  it.each([
    ["alone", ["whatsapp-web.yaml"], "whatsapp-web"],
    [
      "beside official numbers",
      ["whatsapp-business.yaml", "whatsapp-web.yaml"],
      "whatsapp-business,whatsapp-web",
    ],
  ])("captures officials' own accounts %s, with sessions in memory", async (_how, over, connectors) => {
    const { services } = await composeModel(parser!, dir, ...over);
    const { environment = {}, networks = {}, read_only, tmpfs } = services.capture!;

    expect(environment.DAYBOOK_CONNECTORS).toBe(connectors);
    expect(Object.keys(networks).sort()).toEqual(["inside", "outside"]);
    expect(read_only).toBe(true);
    expect(tmpfs).toContainEqual(expect.stringMatching(`^${RUNNING}:mode=0700,uid=1000,gid=1000,`));
    await expect(judge(environment)).resolves.toContain("are right");
  });
});

describe("the image", () => {
  it("is without Chromium unless that is asked for", async () => {
    const stages = (await readFile(join(ROOT, "Dockerfile"), "utf8")).split(/^(?=FROM )/m).slice(1);
    const withChromium = stages.filter((stage) => stage.includes("chromium"));

    expect(withChromium.map((stage) => stage.split("\n")[0])).toEqual(["FROM service AS whatsapp-web"]);
    expect(stages.at(-1)!.split("\n")[0]).toBe("FROM service");
  });
});
