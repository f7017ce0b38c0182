import { z } from "zod";
import type { TwilioSource } from "../source.ts";
import { ApiRefusal, askApi, had, jsonOf, MAX_PAGES } from "./api.ts";
import type { Given, Listed, ProviderList } from "./list.ts";
import { mediaOf, saidBy, sentOf, type TwilioMessage, twilioMessage } from "./twilio-message.ts";

const PAGE = 1_000;

const page = z.looseObject({ messages: z.array(z.unknown()), next_page_uri: z.string().nullish() });

/** The messages of an account. @see Twilio, "Messages resource" */
export class TwilioList implements ProviderList {
  readonly #source: TwilioSource;
  readonly #base: URL;

  constructor(source: TwilioSource) {
    this.#source = source;
    this.#base = new URL(`/2010-04-01/Accounts/${source.accountSid}/`, source.apiUrl);
  }

  async *between(from: Date, _to: Date, signal: AbortSignal): AsyncGenerator<readonly Listed[]> {
    const first = new URL("Messages.json", this.#base);
    first.searchParams.set("PageSize", String(PAGE));
    first.searchParams.set("DateSent>", `${from.toISOString().slice(0, 19)}Z`);
    let next: URL | undefined = first;
    for (let n = 0; next; n += 1) {
      if (n === MAX_PAGES) throw new ApiRefusal(0);
      const { data } = page.safeParse(jsonOf(await this.#get(next, signal)));
      if (!data) throw new ApiRefusal(0);
      yield data.messages.flatMap((item) => this.#listed(item));
      next = data.next_page_uri ? new URL(data.next_page_uri, this.#base) : undefined;
      // Wherever else it points to, the token does not go.
      if (next && (next.origin !== this.#base.origin || !next.pathname.startsWith(this.#base.pathname)))
        throw new ApiRefusal(0);
    }
  }

  #listed(item: unknown): Listed[] {
    const one = twilioMessage.safeParse(item).data;
    const at = one && sentOf(one);
    if (!one || at === undefined) return [];
    const { sid: id, from, to } = one;
    return [{ id, from, to, at, entry: one, give: (signal) => this.#give(id, signal) }];
  }

  async #give(sid: string, signal: AbortSignal): Promise<Given | undefined> {
    const url = new URL(`Messages/${sid}.json`, this.#base);
    const bytes = await had(this.#get(url, signal));
    const one = bytes && twilioMessage.safeParse(jsonOf(bytes)).data;
    if (!bytes || one?.sid !== sid) return undefined;
    const about =
      one.num_media > 0
        ? await had(this.#get(new URL(`Messages/${sid}/Media.json`, this.#base), signal))
        : undefined;
    const media = about && mediaOf(jsonOf(about), this.#source.apiUrl);
    return { url, bytes, said: saidBy(one, media ?? unnamed(one)) };
  }

  #get(url: URL, signal: AbortSignal): Promise<Buffer> {
    const { accountSid, authTokens } = this.#source;
    return askApi(url, { user: accountSid, passwords: authTokens() }, signal);
  }
}

/** Media that are known of by their number alone: each is a gap. */
function unnamed({ num_media: count }: TwilioMessage) {
  return Array.from({ length: count }, (_, n) => ({ url: "", mediaType: "", name: `attachment ${n + 1}` }));
}
