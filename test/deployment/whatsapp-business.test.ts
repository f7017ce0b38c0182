import { mkdirSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { jest } from "@jest/globals";
import { freePorts } from "@daybook/lab";
import {
  FERGUS,
  message,
  messages,
  NUMBER,
  statuses,
  text,
} from "../../connectors/whatsapp-business/test/fixtures/payloads.ts";
import { GraphApi } from "../fakes/graph-api.ts";
import { deploy, type Deployment } from "./deployment.ts";
import { describeDeployed } from "./installed.ts";

jest.setTimeout(300_000);

interface Found {
  readonly results: readonly { readonly kind: string; readonly text: string | null }[];
}

const APP = { secret: "an app secret, made up", accessToken: "an access token, made up" };
const SECRETS = {
  NUMBERS: `${NUMBER} Olivia Sinclair\n`,
  APP_SECRETS: `another, made up\n${APP.secret}\n`,
  VERIFY_TOKEN: "a verify token, made up",
  ACCESS_TOKEN: APP.accessToken,
  KEY: Buffer.alloc(32, 7).toString("base64"),
};

describeDeployed("an official number in a deployment", () => {
  let api: GraphApi;
  let deployment: Deployment;
  let webhook: string;
  let matter: string;

  beforeAll(async () => {
    api = await GraphApi.start(APP);
    const [port] = await freePorts(1);
    webhook = `https://127.0.0.1:${port}/webhooks/whatsapp`;
    const given: NodeJS.ProcessEnv = {
      DAYBOOK_CONNECTORS: "whatsapp-business",
      DAYBOOK_WHATSAPP_BUSINESS_PORT: String(port),
      DAYBOOK_WHATSAPP_BUSINESS_GRAPH_URL: api.url,
    };
    deployment = (await deploy({
      gateway: true,
      prepare: async (dir) => {
        mkdirSync(join(dir, "whatsapp"));
        for (const [name, value] of Object.entries(SECRETS)) {
          const path = join(dir, "whatsapp", name);
          writeFileSync(path, value, { mode: 0o400 });
          given[`DAYBOOK_WHATSAPP_BUSINESS_${name}_FILE`] = path;
        }
        return async () => undefined;
      },
      envOf: ({ service }) => (service === "capture" ? given : {}),
    }))!;
    matter = (await deployment.json<{ id: string }>(["matter", "open", "--title", "M", "--kind", "foi"])).id;
  });
  afterAll(async () => {
    await deployment.remove();
    await api.close();
  });

  const found = (...words: string[]) =>
    deployment.json<Found>([
      "search",
      ...words,
      "--network",
      "whatsapp",
      "--limit",
      "100",
      "--matter",
      matter,
    ]);
  const untilFound = async (count: number, ...words: string[]) => {
    for (;;) {
      const { results } = await found(...words);
      if (results.length >= count) return results;
      await sleep(300);
    }
  };
  const post = (payload: unknown) =>
    new Promise<number>((resolve) => {
      const body = GraphApi.encode(payload);
      const headers = { "x-hub-signature-256": api.sign(body), "content-length": body.length };
      request(webhook, { method: "POST", ca: deployment.engines.authority.ca, headers }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
        .on("error", () => resolve(0))
        .end(body);
    });
  const deliver = async (payload: unknown) => {
    while ((await post(payload)) !== 200) await sleep(200);
  };

  it("has what somebody wrote on record, its picture, and the answer", async () => {
    api.wrote(FERGUS);
    const { id, sha256 } = api.upload(Buffer.from("a picture of the pier"), "image/jpeg");
    const now = { timestamp: String(Math.floor(Date.now() / 1_000)) };
    const image = { id, sha256, mime_type: "image/jpeg", caption: "The pier" };
    await deliver(
      messages(
        text("Can the ferry sail on Friday?", now),
        message({ type: "image", image }, { ...now, id: "wamid.in-2" }),
      ),
    );
    expect((await untilFound(1, "ferry")).map(({ kind }) => kind)).toEqual(["message"]);
    await untilFound(1, "attachment");
    const { token } = await deployment.json<{ token: string }>([
      ...[
        "token",
        "add",
        "--name",
        "Private office",
        "--role",
        "custodian",
        "--speaks-for",
        "Olivia Sinclair",
      ],
    ]);
    const office = { DAYBOOK_TOKEN: token };
    const { accounts } = await deployment.json<{ accounts: { id: string }[] }>(["self"], office);
    const to = ["--account", accounts[0]!.id, "--conversation", FERGUS];
    expect(await deployment.run(["send", "It sails at noon.", ...to], office)).toMatchObject({
      code: 0,
      stderr: "",
    });
    expect(api.sent.map(({ body }) => body.text)).toEqual([
      { preview_url: false, body: "It sails at noon." },
    ]);
    const answers = await untilFound(2, "noon");
    expect(answers.map(({ kind }) => kind).sort()).toEqual(["message", "notice"]);
    await deliver(statuses({ id: api.sent[0]!.id, status: "read", ...now, recipient_id: FERGUS }));
  });

  it("loses nothing, and has nothing twice, when capture is killed while messages come", async () => {
    const capture = deployment.services.get("capture")!;
    const all = Array.from({ length: 60 }, (_, n) => text(`Tide ${n}`, { id: `wamid.tide-${n}` }));
    const sending = (async () => {
      for (const one of all) await deliver(messages(one));
    })();
    for (let n = 0; n < 2; n += 1) {
      await sleep(700);
      await capture.stop("SIGKILL");
      capture.start();
    }
    await sending;
    await untilFound(60, "tide");
    await sleep(2_000);
    const texts = (await found("tide")).results.map((one) => one.text).sort();
    expect(texts).toEqual(all.map((_, n) => `Tide ${n}`).sort());
  });
});
