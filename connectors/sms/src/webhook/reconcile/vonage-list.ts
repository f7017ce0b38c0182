import { z } from "zod";
import type { VonageReports } from "../source.ts";
import { ApiRefusal, askApi, had, jsonOf, MAX_PAGES } from "./api.ts";
import type { Given, Listed, ProviderList } from "./list.ts";
import { isText, receivedOf, saidBy, vonageRecord } from "./vonage-record.ts";

/** No query spans more. */
const MAX_SPAN_MS = 24 * 3_600_000;
const DIRECTIONS = ["inbound", "outbound"] as const;

const page = z.looseObject({
  request_status: z.enum(["SUCCESS", "TRUNCATED"]),
  records: z.array(z.unknown()).default([]),
  cursor: z.string().min(1).max(4_096).optional(),
  iv: z.string().min(1).max(4_096).optional(),
});

/** What is asked for of one product, in one direction. */
type Query = Readonly<Record<"product" | "direction", string>>;

/**
 * The records of an account, had at once (not as a file that is made). They are listed without their words, and those of a message
 * that is missing asked for by its id: each record that is answered is charged for.
 *
 * @see Vonage, "Reports API": GET /v2/reports/records; "How to handle pagination for the synchronous Reports API"
 */
export class VonageList implements ProviderList {
  readonly #reports: VonageReports;

  constructor(reports: VonageReports) {
    this.#reports = reports;
  }

  async *between(from: Date, to: Date, signal: AbortSignal): AsyncGenerator<readonly Listed[]> {
    // The end is exclusive, its clock of whole seconds.
    const end = to.getTime() + 1_000;
    for (const product of this.#reports.products)
      for (const direction of DIRECTIONS)
        for (let start = from.getTime(); start < end; start += MAX_SPAN_MS)
          yield* this.#pages({ product, direction }, start, Math.min(end, start + MAX_SPAN_MS), signal);
  }

  /** @param start inclusive @param end exclusive; milliseconds since 1970 */
  async *#pages(query: Query, start: number, end: number, signal: AbortSignal): AsyncGenerator<Listed[]> {
    const url = this.#at({
      ...{ ...query, include_message: "false" },
      ...{ date_start: new Date(start).toISOString(), date_end: new Date(end).toISOString() },
    });
    for (let n = 0; n < MAX_PAGES; n += 1) {
      const { data } = page.safeParse(jsonOf(await this.#get(url, signal)));
      if (!data) throw new ApiRefusal(0);
      const read = data.records.map((item) => this.#listed(item, query));
      // It is written otherwise than is known here: then nothing is known of what it lists.
      if (read.length > 0 && read.every((one) => one === undefined)) throw new ApiRefusal(0);
      yield read.filter((one) => one !== undefined).flat();
      if (data.request_status === "SUCCESS") return;
      const { cursor, iv } = data;
      if (cursor === undefined || iv === undefined) throw new ApiRefusal(0);
      // Not the link that stands beside them: the secret goes nowhere else.
      url.searchParams.set("cursor", cursor);
      url.searchParams.set("iv", iv);
    }
    throw new ApiRefusal(0);
  }

  /** Undefined for what cannot be read; nothing for what is no text message. */
  #listed(item: unknown, query: Query): Listed[] | undefined {
    const one = vonageRecord.safeParse(item).data;
    const at = one && receivedOf(one);
    if (!one || at === undefined) return undefined;
    if (!isText(one)) return [];
    const { message_id: id, from, to } = one;
    return [{ id, from, to, at, entry: one, give: (signal) => this.#give(id, query, signal) }];
  }

  async #give(id: string, query: Query, signal: AbortSignal): Promise<Given | undefined> {
    const url = this.#at({ ...query, include_message: "true", id });
    const bytes = await had(this.#get(url, signal));
    if (!bytes) return undefined;
    const { data } = page.safeParse(jsonOf(bytes));
    if (!data) throw new ApiRefusal(0);
    const found = data.records
      .map((item) => vonageRecord.safeParse(item).data)
      .find((one) => one?.message_id === id);
    const said = found && saidBy(found);
    return said && { url, bytes, said };
  }

  #at(parameters: Readonly<Record<string, string>>): URL {
    const url = new URL("/v2/reports/records", this.#reports.apiUrl);
    url.search = new URLSearchParams({ account_id: this.#reports.apiKey, ...parameters }).toString();
    return url;
  }

  #get(url: URL, signal: AbortSignal): Promise<Buffer> {
    const { apiKey, apiSecrets } = this.#reports;
    return askApi(url, { user: apiKey, passwords: apiSecrets() }, signal);
  }
}
