import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { jest } from "@jest/globals";
import { REHEARSAL_EVENTS } from "@daybook/rehearsal";
import { untilRecords } from "../e2e/support/archive.ts";
import { deploy, type Deployment } from "./deployment.ts";
import { describeDeployed } from "./installed.ts";

jest.setTimeout(300_000);

interface Page {
  readonly total: number;
  readonly results: readonly { readonly text: string | null }[];
}

describeDeployed("a deployment with two archivers", () => {
  let deployment: Deployment;
  let matter = "";
  beforeAll(async () => {
    deployment = (await deploy({ archivers: 2, env: { DAYBOOK_CONNECTORS: "rehearsal" } }))!;
    const opened = ["matter", "open", "--title", "A first look", "--kind", "foi"];
    matter = (await deployment.json<{ id: string }>(opened)).id;
  });
  afterAll(() => deployment.remove());

  const search = (...args: string[]) => deployment.json<Page>(["search", "--matter", matter, ...args]);

  it("archives the made-up week as a machine alone does", async () => {
    expect(await untilRecords(deployment, REHEARSAL_EVENTS)).toBe(REHEARSAL_EVENTS);
    expect((await search("ferry")).total).toBeGreaterThan(0);
    expect((await search('"north pier"')).total).toBeGreaterThan(0);
  });

  it("imports, finds, exports what verifies, and is clean", async () => {
    const file = join(deployment.dir, "WhatsApp Chat with Ann.txt");
    writeFileSync(file, "13/05/2024, 10:01 - Ann Lee: the quorum is settled\n13/05/2024, 10:02 - Bob: ok\n");
    await deployment.json(["import", file, "--custodian", "Ann Lee", "--date-order", "dmy"]);
    expect((await search("quorum")).results.map(({ text }) => text)).toEqual(["the quorum is settled"]);
    await deployment.json(["export", "--matter", matter, "--out", "evidence"]);
    const keys = deployment.vkeys.slice(-1).flatMap((vkey) => ["--key", vkey]);
    expect(await deployment.json(["verify", "evidence", ...keys])).toMatchObject({ ok: true });
    expect(await deployment.json(["log", "fsck"])).toMatchObject({ ok: true });
  });

  it("goes on when an archiver is killed, without being told", async () => {
    const [killed, left] = deployment.archivers;
    await killed!.stop("SIGKILL");
    const file = join(deployment.dir, "WhatsApp Chat with Bob.txt");
    writeFileSync(file, "14/05/2024, 10:01 - Bob: the tide tables are in\n");
    await deployment.json(["import", file, "--custodian", "Ann Lee", "--date-order", "dmy"]);
    expect((await search("tide")).total).toBe(1);
    while ((await left!.metric("daybook_archiver_shard_owned")) !== 3) await sleep(200);
  });

  it("stops in order when it is told to", async () => {
    for (const [name, one] of deployment.services) {
      if (!one.isRunning) continue;
      expect({ name, code: await one.stop("SIGTERM") }).toEqual({ name, code: 0 });
    }
  });
});
