import { execFile, spawnSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { hash } from "node:crypto";
import { type Browser, type BrowserContext, chromium, type Download, type Page } from "playwright-core";
import { describeWithChromium } from "../fakes/whatsapp-web/index.ts";
import { SampleStage } from "./stage.ts";

const run = promisify(execFile);
const missing = ["gpg", "sha256sum", "unzip"].filter((tool) => spawnSync(tool, ["-h"]).error !== undefined);
if (missing.length > 0)
  console.warn(`SKIPPED: ${missing.join()} not installed, so no package was checked with them`);
const itWithTools = missing.length === 0 ? it : it.skip;

/** Longer than the sample's made-up phone takes to scan, and than a package takes on a busy machine. */
const PATIENCE_MS = 30_000;

describeWithChromium("four people's daily work, from sign-in to done", (path) => {
  const stage = new SampleStage();
  let browser: Browser;
  const contexts: BrowserContext[] = [];

  beforeAll(async () => {
    await stage.start();
    browser = await chromium.launch({ executablePath: path, args: ["--no-sandbox", "--disable-gpu"] });
  }, 180_000);
  afterAll(async () => {
    spawnSync("gpgconf", ["--homedir", join(stage.dir, "gpg"), "--kill", "all"]);
    await browser.close();
    await stage.close();
  });
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
  });

  /** A browser of their own, signed in by the trial's chooser. */
  async function signedIn(name: string, { javaScript = true } = {}): Promise<Page> {
    const context = await browser.newContext({ acceptDownloads: true, javaScriptEnabled: javaScript });
    contexts.push(context);
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    await page.goto(stage.entry);
    await page.getByRole("button", { name: `Sign in as ${name}` }).click();
    await page.getByRole("button", { name: "Sign out" }).waitFor();
    return page;
  }
  const heading = (page: Page) => page.locator("h1").innerText();
  /** Resolves once the page that it leads to is there to its end. */
  async function follow(page: Page, name: string | RegExp): Promise<void> {
    await page.getByRole("link", { name }).first().click();
    await page.waitForLoadState("domcontentloaded");
  }
  async function press(page: Page, name: string | RegExp): Promise<void> {
    await page.getByRole("button", { name }).first().click();
    await page.waitForLoadState("domcontentloaded");
  }
  async function downloaded(page: Page, name: RegExp): Promise<Download> {
    const begun = page.waitForEvent("download");
    await page.locator("main a", { hasText: name }).click();
    return begun;
  }
  const gpg = (...args: string[]) =>
    run("gpg", ["--homedir", join(stage.dir, "gpg"), "--batch", "--quiet", "--yes", ...args], {
      encoding: "buffer",
    });

  it.each([
    ["with a script", true],
    ["without any", false],
  ])(
    "an official links an app %s",
    async (_what, javaScript) => {
      const page = await signedIn("Morag Sutherland", { javaScript });
      await follow(page, "My Daybook");
      await press(page, "Link an app");
      await page.getByLabel("WhatsApp").check();
      await press(page, "Continue");
      const code = page.getByAltText("QR code to scan with the app on your phone");
      await code.waitFor();
      const picture = await page.request.get(new URL((await code.getAttribute("src"))!, stage.url).href);
      expect(picture.headers()).toMatchObject({ "content-type": "image/png", "cache-control": "no-store" });
      // The made-up phone scans by itself, and the page tells so by itself.
      await page.getByText("The app is linked").waitFor();
      await follow(page, "Go to My Daybook");
      expect(await page.locator("main").innerText()).toContain("Messages are kept as they come.");
    },
    2 * PATIENCE_MS,
  );

  let sealed = "";
  let sum = "";
  let matterName = "";

  itWithTools(
    "a records officer answers a request, from search to export",
    async () => {
      await mkdir(join(stage.dir, "gpg"), { mode: 0o700 });
      await gpg(
        "--passphrase",
        "",
        "--quick-generate-key",
        "Auditor <auditor@example.org>",
        "default",
        "default",
        "never",
      );
      const { stdout: key } = await gpg("--armor", "--export", "auditor@example.org");
      const keyFile = join(stage.dir, "auditor.asc");
      await writeFile(keyFile, key);
      const { stdout: colons } = await gpg("--with-colons", "--fingerprint", "auditor@example.org");
      const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(colons.toString())![1]!;

      const page = await signedIn("Priya Nair");
      await follow(page, "Matters");
      await press(page, "Open a matter");
      await page.getByLabel("Freedom of information", { exact: true }).check();
      await press(page, "Continue");
      await page.getByLabel("Freedom of Information Act 2000").check();
      await press(page, "Continue");
      for (const [label, value] of [
        ["Day", "27"],
        ["Month", "3"],
        ["Year", "2026"],
      ] as const)
        await page.getByLabel(label, { exact: true }).first().fill(value);
      matterName = "Bridge closure correspondence";
      await page.getByLabel("Title").fill(matterName);
      await press(page, "Open the matter");
      expect(await heading(page)).toBe(matterName);

      const matter = new URL(page.url()).pathname;
      await page.goto(`${stage.url}${matter}/search`);
      await page.getByLabel("What are you looking for?").fill("bridge");
      await press(page, /^Search$/);
      expect(await page.locator("#found").innerText()).toMatch(/^[1-9]\d* records? found$/);
      await press(page, "Add the whole result to the selection");
      await page.locator(".govuk-notification-banner--success").waitFor();
      await page.goto(`${stage.url}${matter}`);
      await follow(page, "Exports");
      await press(page, "Ask for a package");
      await page.getByRole("radio", { name: /The selection: [1-9]/ }).check();
      await page.getByLabel("Upload the key").setInputFiles(keyFile);
      await press(page, "Continue");
      await page.getByRole("button", { name: "Build the package" }).waitFor();
      expect((await page.locator("main").innerText()).toUpperCase()).toContain(fingerprint);
      await press(page, "Build the package");
      await page.getByRole("button", { name: /^Download the package/ }).waitFor();
      sum = (
        await page.locator("dt", { hasText: "SHA-256" }).locator("xpath=following-sibling::dd").innerText()
      ).replaceAll(/\s/g, "");
      const download = await downloaded(page, /Download the package/);
      sealed = join(stage.dir, download.suggestedFilename());
      await download.saveAs(sealed);
      expect(hash("sha256", await readFile(sealed))).toBe(sum);
      const receipt = await downloaded(page, /Download the receipt/);
      expect(receipt.suggestedFilename()).toMatch(/\.receipt\.pgp$/);
      await receipt.saveAs(join(stage.dir, receipt.suggestedFilename()));
    },
    3 * PATIENCE_MS,
  );

  itWithTools(
    "an auditor checks the package with gpg and sha256sum alone, and sees who took it",
    async () => {
      const { stdout: sums } = await run("sha256sum", [sealed]);
      expect(sums.slice(0, 64)).toBe(sum);
      const zip = sealed.replace(/\.pgp$/, "");
      await gpg("--output", zip, "--decrypt", sealed);
      await run("unzip", ["-q", zip, "-d", stage.dir]);
      const folder = zip.replace(/\.zip$/, "");
      const manifests = ["manifest-sha256.txt", "tagmanifest-sha256.txt"];
      await run("sha256sum", ["--check", "--strict", "--quiet", ...manifests], { cwd: folder });
      const keys = (await readFile(join(folder, "data/session-keys.csv"), "utf8")).trimEnd().split("\n");
      expect(keys.length).toBeGreaterThan(3);
      for (const line of keys) {
        const [id, key] = line.split(",") as [string, string];
        const packet = join(folder, `data/sealed/${id}.pgp`);
        const { stdout } = await gpg("--override-session-key", key, "--decrypt", packet);
        expect(stdout.equals(await readFile(join(folder, `data/records/${id}.json`)))).toBe(true);
      }
      const { stdout: receipt } = await gpg("--decrypt", zip.replace(/\.zip$/, ".receipt.pgp"));
      expect(receipt.toString()).toContain(
        hash("sha256", await readFile(join(folder, "tagmanifest-sha256.txt"))),
      );

      const page = await signedIn("Alasdair Munro");
      await follow(page, "Audit");
      const told = await page.locator("main").innerText();
      expect(told).toContain("Priya Nair");
      expect(told).toContain(matterName);
    },
    3 * PATIENCE_MS,
  );

  it(
    "an administrator finds why an account is silent, and reads no message",
    async () => {
      const page = await signedIn("Chidi Okafor");
      await follow(page, "Health");
      await page.locator("main tr", { hasText: "Morag Sutherland" }).first().getByRole("link").click();
      await page.getByRole("heading", { name: "Why it may be silent" }).waitFor();
      await follow(page, "All gaps of this account");
      expect(await page.locator("main").innerText()).toContain(
        "the link to WhatsApp was down: phone without power",
      );
      // An administrator reads no content.
      const refused = await page.goto(`${stage.url}/matters`);
      expect(refused?.status()).toBe(403);
    },
    2 * PATIENCE_MS,
  );
});
