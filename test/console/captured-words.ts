import type { Shown } from "@daybook/console/testing";
import type { ApiClient } from "@daybook/runtime";
import { load } from "cheerio";
import { z } from "zod";

const made = z.object({ id: z.string() });
const named = z.object({ id: z.string(), name: z.string() }).partial();
const results = z.object({ results: z.array(z.object({ id: z.string() })), next: z.string().nullable() });
const viewed = z.object({
  record: z.object({
    text: z.string().nullish(),
    conversation: z.object({ title: z.string().nullish() }).nullish(),
    sender: named.nullish(),
    recipients: z.array(named).nullish(),
    attachments: z.array(z.object({ name: z.string() })).nullish(),
  }),
});
const managed = {
  custodians: z.object({ custodians: z.array(z.object({ name: z.string() })) }),
  accounts: z.object({ accounts: z.array(z.object({ identifier: z.string().nullable() })) }),
  persons: z.object({ persons: z.array(z.object({ name: z.string() })) }),
};

type Kind = "text" | "title" | "name" | "file";

/** A page's own words may have shorter ones in them. */
const SHORT = 8;
/** What stands of a long text wherever a part of it is shown that is twice as long. */
const PIECE = 24;

/** Every text, title, name and file name of every record, to be looked for where none may be. */
export class CapturedWords {
  readonly #pieces = new Map<string, Kind>();

  /** @param of `manager` whoever manages custodians and accounts, whose names are theirs to see */
  static async read(of: { auditor: ApiClient; manager: ApiClient }): Promise<CapturedWords> {
    const words = new CapturedWords();
    const body = { title: "Every record", kind: "audit" };
    const { id: matter } = await of.auditor.call("post", "/api/v1/matters", { body, response: made });
    const search = await of.auditor.call("post", "/api/v1/matters/:id/searches", {
      params: { id: matter },
      body: { q: "", filters: {} },
      response: made,
    });
    let cursor: string | undefined;
    do {
      const page = await of.auditor.call("get", "/api/v1/matters/:id/searches/:search/results", {
        params: { id: matter, search: search.id },
        query: { limit: 100, cursor },
        response: results,
      });
      await Promise.all(page.results.map(({ id }) => words.#add(of.auditor, matter, id)));
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    await words.#except(of.manager);
    return words;
  }

  async #add(auditor: ApiClient, matter: string, id: string): Promise<void> {
    const { record } = await auditor.call("get", "/api/v1/records/:id", {
      params: { id },
      query: { matter },
      response: viewed,
    });
    const text = plain(record.text ?? "");
    if (text.length < PIECE) this.#keep("text", text);
    for (let at = 0; at + PIECE <= text.length; at += PIECE) this.#keep("text", text.slice(at, at + PIECE));
    this.#keep("title", record.conversation?.title);
    for (const person of [record.sender, ...(record.recipients ?? [])]) {
      this.#keep("name", person?.name);
      this.#keep("name", person?.id);
    }
    for (const { name } of record.attachments ?? []) this.#keep("file", name);
  }

  #keep(kind: Kind, value: string | null | undefined): void {
    const words = plain(value ?? "");
    if (words.length >= SHORT && !this.#pieces.has(words)) this.#pieces.set(words, kind);
  }

  async #except(manager: ApiClient): Promise<void> {
    const query = { limit: 200 };
    const [{ custodians }, { accounts }, { persons }] = await Promise.all([
      manager.call("get", "/api/v1/custodians", { query, response: managed.custodians }),
      manager.call("get", "/api/v1/accounts", { query, response: managed.accounts }),
      manager.call("get", "/api/v1/persons", { query, response: managed.persons }),
    ]);
    const theirs = [...custodians, ...persons].map(({ name }) => name);
    for (const one of [...theirs, ...accounts.map(({ identifier }) => identifier ?? "")])
      this.#pieces.delete(plain(one));
  }

  /** What of it a page shows, or has anywhere in its source: the kind of each, and how it begins. */
  in({ html }: Pick<Shown, "html">): string[] {
    const $ = load(html);
    const attributes = $("*")
      .get()
      .flatMap((one) => ("attribs" in one ? Object.values(one.attribs) : []));
    const all = plain([html, $.root().text(), ...attributes].join("\n"));
    return [...this.#pieces].flatMap(([words, kind]) => (all.includes(words) ? [`${kind} ${words}`] : []));
  }
}

function plain(text: string): string {
  return text.replaceAll(/\s+/gu, " ").trim();
}
