import { type CheerioAPI, load } from "cheerio";

/** A page as a browser without JavaScript has it. */
export interface Shown {
  readonly status: number;
  /** Where it is, after redirects: a path. */
  readonly path: string;
  readonly headers: Headers;
  readonly html: string;
  readonly $: CheerioAPI;
}

const MAX_REDIRECTS = 5;

/** A browser without JavaScript: keeps cookies, follows redirects of the same site, posts forms with their hidden fields. */
export class Browser {
  readonly #origin: string;
  readonly cookies = new Map<string, string>();
  #last: Shown | undefined;

  constructor(origin: string) {
    this.#origin = origin;
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Shown> {
    return this.#follow("GET", path, undefined, headers);
  }

  /**
   * Posts fields as a form on the page that was last shown would, its token with them.
   *
   * @param fields a list is sent as often as it has values
   */
  post(
    path: string,
    fields: Readonly<Record<string, string | readonly string[]>> = {},
    headers: Record<string, string> = {},
  ): Promise<Shown> {
    const form = new URLSearchParams();
    const token = this.#last?.$('input[name="_csrf"]').first().attr("value");
    if (token !== undefined && !("_csrf" in fields)) form.set("_csrf", token);
    for (const [name, value] of Object.entries(fields))
      for (const one of Array.isArray(value) ? (value as string[]) : [value as string])
        form.append(name, one);
    return this.#follow("POST", path, form, { origin: this.#origin, ...headers });
  }

  /** Answers as they come, redirects included. */
  async raw(method: string, path: string, init: RequestInit = {}): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(new URL(path, this.#origin), {
      ...init,
      method,
      redirect: "manual",
      headers: { ...(init.headers as Record<string, string>), ...(cookie && { cookie }) },
    });
    for (const line of answer.headers.getSetCookie()) this.#keep(line);
    return answer;
  }

  async #follow(
    method: string,
    path: string,
    body: URLSearchParams | undefined,
    headers: Record<string, string>,
  ): Promise<Shown> {
    let answer = await this.raw(method, path, { headers, ...(body && { body }) });
    let at = path;
    for (let n = 0; answer.status >= 300 && answer.status < 400; n += 1) {
      const target = new URL(answer.headers.get("location") ?? "", new URL(at, this.#origin));
      if (target.origin !== this.#origin || n === MAX_REDIRECTS)
        throw new Error("redirected elsewhere, or for ever");
      at = `${target.pathname}${target.search}`;
      answer = await this.raw("GET", at);
    }
    const html = await answer.text();
    this.#last = { status: answer.status, path: at, headers: answer.headers, html, $: load(html) };
    return this.#last;
  }

  #keep(line: string): void {
    const [pair = "", ...attributes] = line.split(";");
    const [name = "", value = ""] = pair.split("=", 2);
    const ended = attributes.some((one) => /^\s*(max-age=0|expires=thu, 01 jan 1970)/i.test(one));
    if (ended) this.cookies.delete(name.trim());
    else this.cookies.set(name.trim(), value);
  }
}
