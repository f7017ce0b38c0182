import { jest } from "@jest/globals";
import { setTimeout as sleep } from "node:timers/promises";
import { conversations } from "@daybook/rehearsal";
import { deploy, type Deployment } from "./deployment.ts";
import { describeDeployed } from "./installed.ts";

jest.setTimeout(240_000);

interface Found {
  readonly results: readonly {
    readonly kind: string;
    readonly text: string;
    readonly sender: string | null;
  }[];
}

describeDeployed("an office that answers from a deployment", () => {
  let deployment: Deployment;
  let account: string;
  let matter: string;
  let office: NodeJS.ProcessEnv;

  beforeAll(async () => {
    deployment = (await deploy({
      gateway: true,
      envOf: ({ service }) => (service === "capture" ? { DAYBOOK_CONNECTORS: "rehearsal" } : {}),
    }))!;
    matter = (await deployment.json<{ id: string }>(["matter", "open", "--title", "M", "--kind", "foi"])).id;
    // The made-up week knows the conversations that can be answered.
    while ((await found("ferry")).results.length === 0) await sleep(500);
    const { token } = await deployment.json<{ token: string }>([
      ...["token", "add", "--name", "Private office", "--role", "custodian", "--speaks-for", "Isla Brennan"],
    ]);
    office = { DAYBOOK_TOKEN: token };
    const { stdout } = await deployment.run(["self", "--json"], office);
    account = (JSON.parse(stdout) as { accounts: { id: string }[] }).accounts[0]!.id;
  });
  afterAll(async () => {
    await deployment.remove();
  });

  const found = (words: string) => deployment.json<Found>(["search", words, "--matter", matter]);
  const send = (text: string, conversation: string = conversations.ferry.id, ...more: string[]) =>
    deployment.run(["send", text, "--account", account, "--conversation", conversation, ...more], office);

  it("has a message on record as asked for and as sent", async () => {
    const { code, stdout, stderr } = await send("The zeppelin leaves on Friday.");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("Sent and recorded");
    let { results } = await found("zeppelin");
    while (results.length < 2) {
      await sleep(500);
      ({ results } = await found("zeppelin"));
    }

    expect(
      results.map(({ kind, sender }) => ({ kind, sender })).sort((a, b) => a.kind.localeCompare(b.kind)),
    ).toEqual([
      { kind: "message", sender: "Isla Brennan" },
      { kind: "notice", sender: "Private office" },
    ]);
  });

  it("is told why a message is not sent", async () => {
    expect(await send("Nobody is there.", "nowhere")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("no conversation of that id") as unknown,
    });
    expect(await send("OFFICIAL-SENSITIVE: no")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("marked OFFICIAL-SENSITIVE") as unknown,
    });
  });

  it("has one message sent once, though capture is killed while it waits", async () => {
    const id = "5d1e2c1a-2f0e-4d5e-9f51-2f6f3b0c9a11";
    const capture = deployment.services.get("capture")!;
    await capture.stop("SIGKILL");
    expect(
      await send("The dirigible is late.", conversations.ferry.id, "--id", id, "--no-wait"),
    ).toMatchObject({
      code: 0,
    });
    capture.start();
    await sleep(1_500);
    await capture.stop("SIGKILL");
    capture.start();
    await capture.ready();

    expect(await send("The dirigible is late.", conversations.ferry.id, "--id", id)).toMatchObject({
      code: 0,
    });
    let { results } = await found("dirigible");
    while (results.length < 2) {
      await sleep(500);
      ({ results } = await found("dirigible"));
    }
    await sleep(3_000);
    expect((await found("dirigible")).results.map(({ kind }) => kind).sort()).toEqual(["message", "notice"]);
  });
});
