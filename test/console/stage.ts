import { setTimeout as sleep } from "node:timers/promises";
import { REHEARSAL_EVENTS } from "@daybook/rehearsal";
import { type ApiClient, apiClient, type Role, ROLES, type SharedApiClient } from "@daybook/runtime";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { Daybook } from "../e2e/support/daybook.ts";
import type { Stage } from "./screens/screen.ts";

/** Whose messages the custodian of the stage may see. */
const OFFICIAL = "Isla Brennan";
const PATIENCE_MS = 120_000;

const made = z.object({ id: z.string() });
const token = z.object({ token: z.string() });
const status = z.object({ shards: z.array(z.object({ shard: z.string(), catalogued: z.int() })) });

/** `daybook up --sample` as a process of its own, once its week is in the archive. */
export class SampleStage implements Stage {
  readonly #daybook = new Daybook();
  readonly #tokens = new Map<Role, string>();
  #client: SharedApiClient | undefined;
  matter = "";

  get dir(): string {
    return this.#daybook.dir;
  }

  get home(): string {
    return this.#daybook.home;
  }

  get url(): string {
    return `http://localhost:${new URL(this.#daybook.facts.url).port}`;
  }

  get entry(): string {
    return this.#daybook.facts.signIn;
  }

  /** @param options further ones of `daybook up` */
  async start(...options: string[]): Promise<void> {
    await this.#daybook.up("--sample", ...options);
    const { url } = this.#daybook.facts;
    this.#client = apiClient({ url });
    const owner = this.#client.as({ token: await this.owner() });
    const end = Date.now() + PATIENCE_MS;
    while ((await archived(owner)) < REHEARSAL_EVENTS) {
      if (Date.now() > end) throw new Error("the sample's week is not in the archive");
      await sleep(200);
    }
    for (const role of ROLES)
      this.#tokens.set(
        role,
        await this.person(`${role} of the stage`, role, role === "custodian" ? OFFICIAL : ""),
      );
    const body = { title: "Ferry timetable correspondence", kind: "foi" };
    this.matter = (
      await this.api("records-officer").call("post", "/api/v1/matters", { body, response: made })
    ).id;
  }

  /**
   * Somebody more, of one role.
   *
   * @param custodian whose messages are theirs, for a custodian
   * @returns their bearer token, which a session cookie may hold
   */
  async person(name: string, role: Role, custodian = ""): Promise<string> {
    const body = { name, roles: [role], ...(custodian && { custodians: [custodian] }) };
    const owner = this.#client?.as({ token: await this.owner() });
    if (!owner) throw new Error("the stage is not set");
    return (await owner.call("post", "/api/v1/tokens", { body, response: token })).token;
  }

  api(as: Role): ApiClient {
    if (!this.#client) throw new Error("the stage is not set");
    return this.#client.as({ token: this.token(as) });
  }

  /** Runs a command of `daybook` on it. @throws {Error} when it fails */
  async command(args: readonly string[]): Promise<void> {
    const { code, stderr } = await this.#daybook.run(args);
    if (code !== 0) throw new Error(`daybook ${args[0] ?? ""}: ${stderr}`);
  }

  /** Bearer token of the trial's owner, who has every role but the reviewer's. */
  owner(): Promise<string> {
    return readFile(join(this.#daybook.home, "run/token"), "utf8").then((text) => text.trim());
  }

  /** What the browser's session cookie holds for somebody of this role. */
  token(as: Role): string {
    return this.#tokens.get(as) ?? "";
  }

  async close(): Promise<void> {
    this.#client?.close();
    await this.#daybook.remove();
  }
}

async function archived(owner: ApiClient): Promise<number> {
  const { shards } = await owner.call("get", "/api/v1/status", { response: status });
  return shards.filter(({ shard }) => shard !== "audit").reduce((sum, { catalogued }) => sum + catalogued, 0);
}
