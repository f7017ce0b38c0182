import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { apiClient } from "@daybook/runtime";
import { z } from "zod";
import { word } from "../../../archive/catalogue/bench/corpus.ts";
import { Daybook } from "../../e2e/support/daybook.ts";
import { type Bench, type Figure, figure, percentile, timed } from "../figure.ts";
import { cpuSeconds } from "../engines/cpu.ts";
import { dayOf, writeChat } from "./chat-text.ts";

const MESSAGES = 1_000_000;
const PEOPLE = 200;
const EVERY_MS = 10_000;
const DURATION_MS = 60_000;
const MAKE_AT_ONCE = 8;

const made = z.object({ id: z.string() });
const token = z.object({ token: z.string() });

/** 200 signed-in people, each of whom opens a page every 10 s, over a million records: searches, mostly. */
export const signedIn: Bench = async ({ scale, dir, say }) => {
  const messages = Math.round(MESSAGES * scale);
  const daybook = new Daybook();
  try {
    await daybook.up();
    const path = join(dir, "WhatsApp Chat with Ann.txt");
    await writeChat(path, messages);
    say("importing");
    await daybook.json(["import", path, "--custodian", "Ann"]);
    say("signing in");
    const people = await signIn(daybook);
    say("opening pages");
    const start = performance.now();
    const before = cpuSeconds(daybook.server?.pid ?? 0);
    await Promise.all(people.map((one, n) => one.work(start + (n * EVERY_MS) / PEOPLE, messages)));
    const opened = people.flatMap((one) => one.opened);
    const cpuMs = (cpuSeconds(daybook.server?.pid ?? 0) - before) * 1_000;
    const searches = opened.filter(({ page }) => page.startsWith("search"));
    const at = `, ${PEOPLE} people, ${messages.toLocaleString("en-GB")} records`;
    const p95 = (name: string, of: readonly Opened[], aim: number | undefined): Figure =>
      figure({
        figure: `${name} p95${at}`,
        value: percentile(
          of.map(({ ms }) => ms),
          0.95,
        ),
        unit: "ms",
        baseline: {
          name: "a page that reads no record, p95",
          value: percentile(
            opened.filter(({ page }) => page === "form").map(({ ms }) => ms),
            0.95,
          ),
        },
        aim: aim === undefined ? "stated" : `${aim} ms`,
        met: (value) => aim === undefined || value <= aim,
      });
    return [
      p95("search page", searches, 300),
      p95(
        "search through the API",
        opened.filter(({ page }) => page === "search by API"),
        undefined,
      ),
      p95("any page", opened, undefined),
      figure({
        figure: `processor time a page, the server with PostgreSQL${at}`,
        value: cpuMs / opened.length,
        unit: "ms",
        aim: "stated",
        met: () => true,
      }),
      figure({
        figure: `pages opened${at}`,
        value: opened.length,
        unit: "",
        aim: `${(PEOPLE * DURATION_MS) / EVERY_MS}`,
        met: (value) => value >= (PEOPLE * DURATION_MS) / EVERY_MS,
      }),
      figure({
        figure: `pages that failed${at}`,
        value: opened.filter(({ failed }) => failed).length,
        unit: "",
        aim: "none",
        met: (value) => value === 0,
      }),
    ];
  } finally {
    await daybook.remove();
  }
};

/** People of their own, each with a matter that a few share and a search in it. */
async function signIn(daybook: Daybook): Promise<Person[]> {
  const url = `http://localhost:${new URL(daybook.facts.url).port}`;
  const client = apiClient({ url });
  try {
    const owner = client.as({ token: (await readFile(join(daybook.home, "run/token"), "utf8")).trim() });
    const matters: string[] = [];
    for (let n = 0; n < 10; n += 1) {
      const body = { title: `Matter ${n}`, kind: "inquiry" };
      matters.push((await owner.call("post", "/api/v1/matters", { body, response: made })).id);
    }
    const people: Person[] = [];
    const make = async () => {
      for (let n = people.length; n < PEOPLE; n = people.length) {
        const matter = matters[n % matters.length] ?? "";
        const person = new Person(url, matter, n);
        people.push(person);
        const body = { name: `Person ${n}`, roles: ["records-officer"] };
        person.token = (await owner.call("post", "/api/v1/tokens", { body, response: token })).token;
        const own = client.as({ token: person.token });
        const search = await own.call("post", "/api/v1/matters/:id/searches", {
          params: { id: matter },
          body: { q: word(20 + n), filters: {} },
          response: made,
        });
        person.search = search.id;
      }
    };
    await Promise.all(Array.from({ length: MAKE_AT_ONCE }, make));
    return people;
  } finally {
    client.close();
  }
}

interface Opened {
  readonly page: string;
  readonly ms: number;
  readonly failed: boolean;
}

/** A browser without JavaScript. */
class Person {
  readonly opened: Opened[] = [];
  readonly #cookies = new Map<string, string>();
  readonly #origin: string;
  readonly #matter: string;
  readonly #n: number;
  search = "";
  token = "";

  constructor(origin: string, matter: string, n: number) {
    this.#origin = origin;
    this.#matter = matter;
    this.#n = n;
  }

  /** Opens a page every 10 s from then on. */
  async work(from: number, messages: number): Promise<void> {
    this.#cookies.set("daybook-session", this.token);
    for (let turn = 0; turn < DURATION_MS / EVERY_MS; turn += 1) {
      await sleep(Math.max(0, from + turn * EVERY_MS - performance.now()));
      const at = `/matters/${this.#matter}`;
      const words = word(20 + ((this.#n * 7 + turn * 131) % 3_000));
      const day = dayOf((this.#n * 104_729 + turn * 7_919) % messages);
      switch ((this.#n + turn) % 10) {
        case 0:
          await this.#open("form", `${at}/search`);
          break;
        case 1:
          await this.#open("log", `${at}/searches`);
          break;
        case 2:
          await this.#open("selection", `${at}/selection`);
          break;
        case 3:
        case 4:
          await this.#searchFor({ q: words, ...(turn % 2 === 0 ? {} : dates(day)) });
          break;
        case 5: {
          const query = new URLSearchParams({ q: words, matter: this.#matter });
          await this.#open("search by API", `/api/v1/search?${query.toString()}`);
          break;
        }
        default:
          await this.#open("search again", `${at}/searches/${this.search}`);
      }
    }
  }

  /** The form, then what it leads to: the latter is what counts. */
  async #searchFor(fields: Record<string, string>): Promise<void> {
    const at = `/matters/${this.#matter}`;
    const form = await this.#open("form", `${at}/search`);
    const csrf = /name="_csrf" value="([^"]*)"/.exec(form)?.[1] ?? "";
    await this.#open("search", `${at}/searches`, new URLSearchParams({ ...fields, _csrf: csrf }));
  }

  async #open(page: string, path: string, form?: URLSearchParams): Promise<string> {
    const { ms, value } = await timed(() => this.#follow(path, form).catch(() => undefined));
    this.opened.push({ page, ms, failed: value === undefined });
    return value ?? "";
  }

  /** @throws for any answer that is not the page */
  async #follow(path: string, form?: URLSearchParams): Promise<string> {
    const answer = await fetch(new URL(path, this.#origin), {
      method: form ? "POST" : "GET",
      redirect: "manual",
      ...(form ? { body: form } : {}),
      headers: {
        origin: this.#origin,
        ...(path.startsWith("/api/")
          ? { authorization: `Bearer ${this.token}` }
          : { cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ") }),
      },
    });
    for (const line of answer.headers.getSetCookie()) {
      const [name = "", value = ""] = (line.split(";")[0] ?? "").split("=", 2);
      this.#cookies.set(name, value);
    }
    const text = await answer.text();
    const next = answer.headers.get("location");
    if (answer.status === 303 && next?.startsWith("/matters/")) return this.#follow(next);
    if (answer.status !== 200) throw new Error(`answered ${answer.status}`);
    return text;
  }
}

function dates(day: string): Record<string, string> {
  const [year = "", month = "", of = ""] = day.split("-");
  return { "from-day": of, "from-month": month, "from-year": year };
}
