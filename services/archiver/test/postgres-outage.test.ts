import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { migrate, openCatalogue } from "@daybook/catalogue";
import { deployDatabase, hasPostgres } from "@daybook/catalogue/testing";
import { type PostgresAccess, type PostgresEngine, startLabPostgres } from "@daybook/lab";
import { openWriter } from "./support/catalogue.ts";
import { makeRig } from "./support/rig.ts";

if (!hasPostgres) console.warn("there is no PostgreSQL for this machine: its outages are SKIPPED");

(hasPostgres ? describe : describe.skip)("an archiver, while PostgreSQL comes and goes", () => {
  let dir: string;
  let engine: PostgresEngine;
  let login: PostgresAccess;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "archiver-outage-"));
    engine = (await startLabPostgres({ dir }))!;
    const logins = await deployDatabase(engine);
    const owner = openCatalogue(logins.owner, "owner", { max: 1 });
    await migrate(owner);
    await owner.close();
    login = logins.archiver;
  }, 60_000);
  afterAll(async () => {
    await engine.stop();
    await rm(dir, { recursive: true });
  });

  it("waits, takes what arrives meanwhile, and goes on: each event is one record", async () => {
    const rig = await makeRig();
    const { writer, close } = await openWriter(login, rig.keys.recipients);
    const running = rig.start({ catalogue: writer });
    await running.until(await rig.send([0, 1, 2]));

    await engine.stop("SIGKILL");
    const offset = await rig.send([3, 4, 5]);
    const waiting = running.until(offset);
    expect(await Promise.race([waiting.then(() => "archived"), sleep(1_000, "waits")])).toBe("waits");
    await engine.restart();
    await waiting;

    engine.signal("SIGSTOP");
    const later = running.until(await rig.send([6, 7, 2]));
    expect(await Promise.race([later.then(() => "archived"), sleep(3_000, "waits")])).toBe("waits");
    engine.signal("SIGCONT");
    await later;
    await running.stop();

    expect((await rig.archived()).filter((n) => n >= 0)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect((await writer.position("0"))?.size).toBe(8);
    await close();
  }, 60_000);

  it("ends at once, with one line, when it is not let in", async () => {
    const rig = await makeRig();
    const { writer, close } = await openWriter({ ...login, password: "wrong" }, rig.keys.recipients);

    await expect(rig.start({ catalogue: writer }).done).rejects.toMatchObject({
      code: "refused",
      message: "PostgreSQL does not take this user and password: check both",
    });
    await close();
  });
});
