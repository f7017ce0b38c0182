import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { jest } from "@jest/globals";
import { until } from "../e2e/support/archive.ts";
import {
  ack,
  describeWithChromium,
  edit,
  ME,
  revoke,
  text,
  WhatsAppWebServer,
} from "../fakes/whatsapp-web/index.ts";
import { scan } from "../faults/scan.ts";
import { deploy, type Deployment } from "./deployment.ts";
import { describeDeployed } from "./installed.ts";
import type { ServiceProcess } from "./service-process.ts";

jest.setTimeout(300_000);

const FERGUS = "15550002000@c.us";
const OFFICIAL = "Perpetua Vanterpool";
// Words, the custodian's name and numbers of what is said below.
const SECRETS = ["quetzalcoatlus", "Vanterpool", "15550002000"];

interface Found {
  readonly results: readonly { readonly kind: string; readonly text: string | null }[];
}

describeWithChromium("an official's own WhatsApp", () => {
  describeDeployed("in a deployment", () => {
    let server: WhatsAppWebServer;
    let deployment: Deployment;
    let capture: ServiceProcess;
    let running: string;
    let matter: string;

    beforeAll(async () => {
      server = await WhatsAppWebServer.start();
      const given: NodeJS.ProcessEnv = {
        DAYBOOK_CONNECTORS: "whatsapp-web",
        DAYBOOK_WHATSAPP_WEB_CHROMIUM_ARGS: server.chromiumArgs.join("\n"),
      };
      deployment = (await deploy({
        prepare: (dir) => {
          running = join(dir, "running");
          given.DAYBOOK_WHATSAPP_WEB_RUNNING_PATH = running;
          const key = join(dir, "whatsapp-web-key");
          writeFileSync(key, Buffer.alloc(32, 7).toString("base64"), { mode: 0o400 });
          given.DAYBOOK_WHATSAPP_WEB_KEY_FILE = key;
          return Promise.resolve(() => Promise.resolve());
        },
        envOf: ({ service }) => (service === "capture" ? given : {}),
      }))!;
      capture = deployment.services.get("capture")!;
      matter = (await deployment.json<{ id: string }>(["matter", "open", "--title", "M", "--kind", "foi"]))
        .id;
    });
    afterAll(async () => {
      await deployment.remove();
      await server.stop();
    });

    const ask = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
      const token = readFileSync(join(deployment.dir, "services/records/state/owner-token"), "utf8").trim();
      const answer = await fetch(`${deployment.url}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return (await answer.json()) as T;
    };
    const accounts = async () =>
      (await ask<{ accounts: Record<string, unknown>[] }>("GET", "/api/v1/links")).accounts;
    const live = () => until("a live link", async () => (await accounts())[0]?.status === "live");
    const texts = async (words: string) => {
      const { results } = await deployment.json<Found>([
        ...["search", words, "--network", "whatsapp", "--limit", "100", "--matter", matter],
      ]);
      return results.filter(({ kind }) => kind === "message").map(({ text: said }) => said);
    };
    const untilFound = (words: string, count: number) =>
      until(`${count} of ${words}`, async () => (await texts(words)).length >= count);
    const plain = () => scan(deployment.dir, SECRETS, (path) => path === join(deployment.dir, "secrets"));

    it("is linked over the API, and says how it stands there and in the metrics", async () => {
      const begun = { network: "whatsapp", method: "linked-device", custodian: OFFICIAL };
      const id = await until(
        "a link",
        async () => (await ask<{ id?: string }>("POST", "/api/v1/links", begun)).id,
      );
      const step = () => ask<{ step: string; url?: string; account?: string }>("GET", `/api/v1/links/${id}`);
      const { url } = await until("a code", async () => {
        const now = await step();
        expect(now.step).not.toBe("failed");
        return now.step === "show" && now;
      });
      server.scan(url!);
      await until("a link", async () => (await step()).step === "linked");
      await live();

      expect(await step()).toEqual({ step: "linked", account: ME.phone, again: false });
      expect(await accounts()).toMatchObject([
        {
          network: "whatsapp",
          method: "linked-device",
          account: ME.phone,
          custodian: { name: OFFICIAL },
          alerts: [],
        },
      ]);
      const metrics = await (await fetch(`http://127.0.0.1:${capture.place.operationsPort}/metrics`)).text();
      expect(metrics).toMatch(
        /^daybook_link_accounts\{[^}]*method="linked-device"[^}]*status="live"[^}]*\} 1$/m,
      );
      expect(metrics).toMatch(/^daybook_link_down_seconds\{[^}]*method="linked-device"[^}]*\} 0$/m);
      expect(metrics).not.toContain("1555000");
    });

    it("has what was said on record, with its edit and its delete", async () => {
      const said = server.deliver(text({ from: FERGUS }, "The quetzalcoatlus sails on Friday."));
      server.deliver(edit(said, "The quetzalcoatlus sails on Saturday."));
      const own = server.deliver(
        text({ chat: FERGUS, fromMe: true }, "Then so does the quetzalcoatlus of the pier."),
      );
      server.deliver(ack(own, 3));
      server.deliver(revoke(said));
      await untilFound("quetzalcoatlus", 2);
      await until("the delete", async () => {
        const { results } = await deployment.json<Found>(["search", "--kind", "delete", "--matter", matter]);
        return results.length === 1;
      });
    });

    it("is plain where its browser runs, and nowhere else", () => {
      const places = plain();

      expect(places.filter((found) => !found.startsWith(running))).toEqual([]);
      expect(places).not.toEqual([]);
    });

    it("leaves nothing plain behind a stop, and records all of what came meanwhile", async () => {
      expect(await capture.stop("SIGTERM")).toBe(0);
      expect(readdirSync(running)).toEqual([]);
      expect(plain()).toEqual([]);
      const bodies = Array.from({ length: 20 }, (_, n) => `Stopped ${n}`);
      server.deliverMany(bodies.map((body) => text({ from: FERGUS }, body)));
      capture.start();
      await untilFound("stopped", 20);
      await live();

      expect((await texts("stopped")).sort()).toEqual(bodies.sort());
    });

    it("loses nothing, has nothing twice and leaves no browser when capture is killed", async () => {
      const bodies = Array.from({ length: 60 }, (_, n) => `Killed ${n}`);
      const saying = (async () => {
        for (const body of bodies) {
          server.deliver(text({ from: FERGUS }, body));
          await sleep(100);
        }
      })();
      for (let n = 0; n < 2; n += 1) {
        await sleep(1_500);
        await capture.stop("SIGKILL");
        await until("no browser", () => Promise.resolve(browsersIn(running) === 0));
        capture.start();
      }
      await saying;
      await untilFound("killed", 60);
      await live();

      expect((await texts("killed")).sort()).toEqual(bodies.sort());
      expect(await capture.stop("SIGTERM")).toBe(0);
      expect(plain()).toEqual([]);
    });
  });
});

/** Browsers that work in this folder. */
function browsersIn(dir: string): number {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(`--user-data-dir=${dir}`);
      } catch {
        // It has ended.
        return false;
      }
    }).length;
}
