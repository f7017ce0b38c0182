import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { deploy, type Deployment } from "../deployment/deployment.ts";
import { describeDeployed } from "../deployment/installed.ts";
import { madeUpExport } from "../fixtures/made-up-export.ts";
import { until } from "../e2e/support/archive.ts";
import { scan } from "./scan.ts";
import { coreOf, leftBehind, nodesOf, portsOf } from "./support/signs.ts";

// Words, names (the custodian's and a matter's too) and numbers.
const SECRETS = ["quetzalcoatlus", "Perpetua Vanterpool", "Wilhelmina", "07700900999"];
const LINES = 1_500;
const EXPORT = madeUpExport(
  LINES,
  (line) => `the quetzalcoatlus number ${line} rang 07700900999 about it`,
  "Wilhelmina",
);

const own = mkdtempSync(join(tmpdir(), "daybook-plaintext-"));
const file = join(own, "WhatsApp Chat with Wilhelmina.txt");
writeFileSync(file, EXPORT);
afterAll(() => rm(own, { recursive: true, force: true }));

/** Keys and passwords are not what is searched for. */
const scanAll = ({ dir }: Deployment) => scan(dir, SECRETS, (path) => path === join(dir, "secrets"));
const importing = ["import", file, "--custodian", "Perpetua Vanterpool"];

describeDeployed("the files of real engines, and every log", () => {
  let whole: Deployment;
  beforeAll(async () => {
    whole = (await deploy())!;
  }, 120_000);
  afterAll(() => whole.remove());
  const capture = () => whole.services.get("capture")!;

  it("show no word, name or number while messages wait in the spool", async () => {
    // The custodian is made: that takes an audit record, and so Kafka.
    const first = join(own, "WhatsApp Chat with nobody.txt");
    writeFileSync(first, "13/05/2024, 10:00 - Wilhelmina: the first\n");
    await whole.json(["import", first, "--custodian", "Perpetua Vanterpool"]);
    await whole.engines.links.kafka.cut();
    const run = whole.run(importing);
    const unsent = () => capture().metric("daybook_spool_unsent_events");
    for (let i = 0; i < 600 && ((await unsent()) ?? 0) < LINES; i += 1) await sleep(100);
    expect(await unsent()).toBeGreaterThanOrEqual(LINES);
    expect(scanAll(whole)).toEqual([]);
    await capture().stop("SIGKILL");
    await run;
    expect(scanAll(whole)).toEqual([]);
    await whole.engines.links.kafka.heal();
    capture().start();
    await capture().ready();
  }, 300_000);

  it("show none when all is archived, searched and exported", async () => {
    await whole.json(importing);
    const { id } = await whole.json<{ id: string }>([
      "matter",
      "open",
      "--title",
      "About Perpetua Vanterpool",
      "--kind",
      "sar",
    ]);
    // What waited in the spool when capture was killed is archived in its own time.
    await until("the lines can be found", async () => {
      const found = await whole.json<{ total: number }>(["search", "quetzalcoatlus", "--matter", id]);
      return found.total > 1_000;
    });
    const out = join(own, "package");
    await whole.json(["export", "--matter", id, "--out", out, "--query", "quetzalcoatlus"]);
    expect(scan(out, SECRETS)).not.toEqual([]);
    expect(scanAll(whole)).toEqual([]);
  }, 300_000);

  it("are of processes that write no core and open no inspector", async () => {
    for (const service of whole.services.values()) {
      for (const pid of nodesOf(service.pid)) {
        const ports = portsOf(pid);
        expect(coreOf(pid)).toEqual({ limit: "0 0", filter: "00000000" });
        process.kill(pid, "SIGUSR1");
        await sleep(300);
        expect(portsOf(pid)).toEqual(ports);
      }
    }
    for (const signal of ["SIGQUIT", "SIGABRT", "SIGSEGV"] as const) {
      for (const service of whole.services.values()) {
        await service.stop(signal);
        service.start();
      }
    }
    expect([
      ...leftBehind(whole.dir),
      ...readdirSync(process.cwd()).filter((name) => /^core/.test(name)),
    ]).toEqual([]);
    for (const service of whole.services.values()) await service.ready();
  }, 300_000);

  it("show none when every process has stopped", async () => {
    for (const service of whole.services.values()) expect(await service.stop()).toBe(0);
    await whole.engines.stop();
    expect(scanAll(whole)).toEqual([]);
  }, 120_000);

  it("would show a word in each place, if it were there", () => {
    const places = readdirSync(whole.dir).filter(
      (name) => statSync(join(whole.dir, name)).isDirectory() && name !== "secrets",
    );
    expect(places).toEqual(expect.arrayContaining(["kafka", "logs", "postgres", "services", "store"]));
    for (const place of places) {
      const path = join(whole.dir, place, "planted");
      writeFileSync(path, Buffer.concat([Buffer.alloc(5_000, 7), Buffer.from("x Wilhelmina")]));
      expect(scan(join(whole.dir, place), SECRETS)).toEqual([`${path}: Wilhelmina as UTF-8`]);
      rmSync(path);
    }
  });
});
