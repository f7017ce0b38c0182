import { type CatalogueReader, type Filters, type RecordRef, SEARCHED_KINDS } from "@daybook/catalogue";

export interface Stored {
  readonly ref: RecordRef;
  readonly text: string;
}

const start = (day: string) => (day.length === 10 ? `${day}T00:00:00.000Z` : day);
const end = (day: string) => (day.length === 10 ? `${day}T23:59:59.999Z` : day);
const unused = () => Promise.reject(new Error("selecting does not ask this"));

/** A catalogue over a list: words are found in texts as they are, and keys are the ids themselves. */
export function catalogueOf(records: readonly Stored[]): CatalogueReader {
  const refs = (wanted: (ref: RecordRef, text: string) => boolean) =>
    records.filter(({ ref, text }) => wanted(ref, text)).map(({ ref }) => ref);
  const same = (filter: Filters[keyof Filters], value: string | undefined) =>
    filter === undefined || filter === value;
  const scoped = (of: Filters, ref: RecordRef) =>
    same(of.custodian, ref.keys.custodian) && same(of.network, ref.network);
  const reader: CatalogueReader = {
    search: unused,
    isRebuilding: () => Promise.resolve(false),
    count: unused,
    byIds: (ids) => Promise.resolve(refs(({ id }) => ids.includes(id))),
    byNetworkId: unused,
    noticesOf: unused,
    threads: undefined as never,
    audits: undefined as never,
    participants: unused,
    listeningPages: () => {
      throw new Error("selecting does not ask this");
    },
    volumes: unused,
    tallies: unused,
    extents: unused,
    partyRuns: unused,
    accountKey: (_network, account) => account,
    within: (custodians) =>
      catalogueOf(records.filter(({ ref }) => custodians.includes(ref.keys.custodian ?? ""))),
    async *select({ words, filters = {} }) {
      const { kinds = SEARCHED_KINDS, conversation, parties, matter, from, to } = filters;
      const hits = refs(
        (ref, text) =>
          kinds.includes(ref.kind) &&
          scoped(filters, ref) &&
          same(conversation, ref.keys.conversation) &&
          same(matter, ref.keys.matter) &&
          (parties === undefined ||
            parties.some(
              ({ network, ids }) => ref.network === network && ids.includes(ref.keys.sender ?? ""),
            )) &&
          (from === undefined || ref.at >= start(from)) &&
          (to === undefined || ref.at <= end(to)) &&
          (words === undefined || text.includes(words)),
      );
      for (let at = 0; at < hits.length; at += 2) yield await Promise.resolve(hits.slice(at, at + 2));
    },
    about: (of) => {
      const ids = new Set(of.map((ref) => ref.keys.networkId));
      return Promise.resolve(refs(({ keys }) => keys.target !== undefined && ids.has(keys.target)));
    },
    named: (of) => {
      const ids = new Set(of.flatMap(({ keys }) => [keys.target, keys.replyTo, keys.networkId]));
      const found = refs(({ keys }) => keys.networkId !== undefined && ids.has(keys.networkId));
      return Promise.resolve(found.filter((ref) => !of.includes(ref)));
    },
    noticesFor: (of) => {
      const cited = new Set(of.map((ref) => ref.keys.source));
      return Promise.resolve(
        refs(({ kind, keys }) => kind === "notice" && keys.source !== undefined && cited.has(keys.source)),
      );
    },
    listening: ({ from, to, ...filters }) =>
      Promise.resolve(
        refs(
          (ref) =>
            ref.span !== undefined &&
            scoped(filters, ref) &&
            (from === undefined || ref.span.to >= start(from)) &&
            (to === undefined || ref.span.from <= end(to)),
        ),
      ),
  };
  return reader;
}
