import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { deploy, type Deployment } from "../../deployment/deployment.ts";
import { directStores } from "../run/archive.ts";
import { type Passing, StoreProxy } from "../store-proxy.ts";
import type { Blow, Crashable } from "./describe-crashes.ts";

const POLL_MS = 20;
/** A blow at random comes within this time, and when what it is to meet is over at the latest. */
const MOST_MS = 5_000;
/** What a command wrote, the archiver may commit only after it was acknowledged. */
const GRACE_MS = 30_000;

/** A request to the store at which its service is killed. */
interface Point {
  readonly name: string;
  /** Whose request it is: a service and the identity that it has at the store. */
  readonly service: "archiver" | "capture" | "records" | "evidence";
  readonly method: "GET" | "PUT";
  /** Of the request, from the bucket's name on. */
  readonly path: RegExp;
}

const COMMIT: readonly Point[] = [
  { name: "key block", service: "archiver", method: "PUT", path: /^\/keyring\/keyring\/\d+\// },
  { name: "second key block", service: "archiver", method: "PUT", path: /^\/keyring-copy\/keyring\/\d+\// },
  { name: "segment", service: "archiver", method: "PUT", path: /^\/records\/log\/\d+\/segment\// },
  { name: "head", service: "archiver", method: "PUT", path: /^\/heads\/log\/\d+\/head$/ },
  { name: "tile", service: "archiver", method: "PUT", path: /^\/(?:records|heads)\/log\/\d+\/tile\// },
  { name: "checkpoint", service: "archiver", method: "PUT", path: /^\/heads\/log\/\d+\/checkpoint$/ },
];
const ATTACHMENT: Point = {
  name: "imported file",
  service: "capture",
  method: "PUT",
  path: /^\/records\/attachment\//,
};
const EXPORTED: Point = {
  name: "segment of an export",
  service: "evidence",
  method: "GET",
  path: /^\/records\/log\/\d+\/segment\//,
};
/** An export has the audit segment closed at once and waits for its commit. */
const AUDITED: Point = {
  name: "head of the audit log",
  service: "archiver",
  method: "PUT",
  path: /^\/heads\/log\/audit\/head$/,
};
const DISPOSED: Point = {
  name: "key block without the disposed key",
  service: "records",
  method: "PUT",
  path: /^\/keyring\/keyring\/\d+\//,
};

/** A deployment on real engines, whose services are killed one at a time. */
export class Deployed implements Crashable {
  readonly #deployment: Deployment;
  readonly #proxy: StoreProxy;
  readonly dir: string;
  readonly vkeys: readonly string[];
  readonly run: Crashable["run"];
  readonly json: Crashable["json"];
  readonly blows: Crashable["blows"];

  private constructor(deployment: Deployment, proxy: StoreProxy) {
    this.#deployment = deployment;
    this.#proxy = proxy;
    this.dir = deployment.dir;
    this.vkeys = deployment.vkeys;
    this.run = (...command) => deployment.run(...command);
    this.json = (...command) => deployment.json(...command);
    const atRandom = (...services: readonly string[]) =>
      this.#sometime(services[randomInt(services.length)] ?? "archiver");
    this.blows = {
      importing: [
        ...COMMIT.flatMap((point) => this.#around(point)),
        ...this.#around(ATTACHMENT),
        this.#whileSpooling(),
        atRandom("capture", "archiver", "records", "evidence"),
      ],
      exporting: [
        ...this.#around(EXPORTED),
        ...this.#around(AUDITED),
        atRandom("evidence", "records", "archiver"),
      ],
      disposing: [...this.#around(DISPOSED), atRandom("records", "archiver")],
    };
  }

  /** @throws {Error} when an engine is not installed */
  static async open(): Promise<Deployed> {
    let proxy: StoreProxy | undefined;
    const deployment = await deploy({
      prepare: () => Promise.resolve(async () => proxy?.close()),
      async beforeStore(endpoint, authority) {
        const certified = await authority.issue({ subject: "store-proxy", names: ["IP:127.0.0.1"] });
        proxy = await StoreProxy.open({ endpoint, certified, ca: authority.ca, seed: "" });
        return proxy.host;
      },
    });
    if (!deployment || !proxy) throw new Error("an engine is not installed");
    return new Deployed(deployment, proxy);
  }

  async start(): Promise<void> {
    const ended = [...this.#deployment.services.values()].filter((service) => !service.isRunning);
    for (const service of ended) service.start();
    await Promise.all([...this.#deployment.services.values()].map((service) => service.ready()));
  }

  stores() {
    return Promise.resolve(directStores(this.#deployment));
  }

  remove(): Promise<void> {
    return this.#deployment.remove();
  }

  async #kill(service: string): Promise<void> {
    const [killed] = [...this.#deployment.services.values()].filter(({ place }) => place.service === service);
    await killed!.stop("SIGKILL");
  }

  #sometime(service: string): Blow {
    const ms = randomInt(MOST_MS);
    return {
      name: `${service} after ${ms} ms`,
      strike: async (over) => {
        await sleep(ms, undefined, { signal: over }).catch(() => undefined);
        await this.#kill(service);
        return true;
      },
    };
  }

  /** Before the store hears of a request, and when it has done it and nobody knows. */
  #around(point: Point): Blow[] {
    return [false, true].map((isDone) => ({
      name: `${point.service} ${isDone ? "after" : "before"} the ${point.name}`,
      strike: (over) => this.#at(point, isDone, over),
    }));
  }

  #at(point: Point, isDone: boolean, over: AbortSignal): Promise<boolean> {
    const isMeant = (passing: Passing) =>
      passing.identity === point.service &&
      passing.method === point.method &&
      passing.isDone === isDone &&
      point.path.test(passing.path);
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    over.addEventListener(
      "abort",
      () => void sleep(GRACE_MS, undefined, { ref: false }).then(() => resolve(false)),
      {
        once: true,
      },
    );
    this.#proxy.interrupt = async (passing) => {
      if (!isMeant(passing)) return true;
      this.#proxy.interrupt = undefined;
      await this.#kill(point.service).then(() => resolve(true), reject);
      return false;
    };
    return promise.finally(() => (this.#proxy.interrupt = undefined));
  }

  /** Capture, with events in its spool that Kafka has not. */
  #whileSpooling(): Blow {
    const { services, engines } = this.#deployment;
    const capture = services.get("capture")!;
    return {
      name: "capture while events wait in its spool",
      strike: async (over) => {
        await engines.links.kafka.cut();
        const waiting = async () => (await capture.metric("daybook_spool_unsent_events").catch(() => 0)) ?? 0;
        try {
          while ((await waiting()) === 0) {
            if (over.aborted && (await waiting()) === 0) return false;
            await sleep(POLL_MS);
          }
          await capture.stop("SIGKILL");
          return true;
        } finally {
          await engines.links.kafka.heal();
        }
      },
    };
  }
}
