import type { RecordRef, ThreadPage } from "@daybook/catalogue";
import { entryOf, type Opened, type Showing } from "./entries.ts";
import type { Entry, ThreadAnswer } from "./entry.ts";
import type { Folded } from "./fold.ts";

/** What is opened beside the records of a page: what is about them, and what they quote. */
export function shownWith(page: readonly RecordRef[], { folds, quotedBy }: Folded): RecordRef[] {
  const quoted = page.flatMap((ref) =>
    [ref.keys.replyTo, ref.keys.target].flatMap((target) => {
      const one = target === undefined ? undefined : quotedBy(ref, target);
      return one ? [one] : [];
    }),
  );
  return [...[...folds.values()].flatMap(({ followUps }) => followUps), ...quoted];
}

/** The entries of a page in the order of time, with the intervals that meet it where each begins in it. */
export function entriesOf(
  page: ThreadPage,
  { folds, quotedBy }: Folded,
  listening: readonly RecordRef[],
  of: { readonly opened: ReadonlyMap<string, Opened>; readonly showing: Showing; readonly now: Date },
): Entry[] {
  const { opened, showing, now } = of;
  const quoted = (ref: RecordRef, target: string | undefined) => {
    const one = target === undefined ? undefined : quotedBy(ref, target);
    return one && opened.get(one.id);
  };
  const records = page.refs.flatMap((ref): Timed[] => {
    const one = opened.get(ref.id);
    if (!one) return [];
    const fold = folds.get(ref.id);
    const made = entryOf(one, {
      fold,
      followUps: (fold?.followUps ?? []).flatMap(({ id }) => opened.get(id) ?? []),
      replyTo: quoted(ref, ref.keys.replyTo),
      about: quoted(ref, ref.keys.target),
      conversationWide: true,
      showing,
      now,
    });
    return [[Date.parse(ref.at), made]];
  });
  const alone = { fold: undefined, followUps: [], replyTo: undefined, about: undefined };
  const intervals = listening.flatMap((ref): Timed[] => {
    const one = opened.get(ref.id);
    if (!one) return [];
    const from = Date.parse(ref.span?.from ?? ref.at);
    return [[Math.max(from, page.from), entryOf(one, { ...alone, conversationWide: false, showing, now })]];
  });
  // Sorting keeps what is of one time in the order given.
  return [...intervals, ...records].sort(([a], [b]) => a - b).map(([, made]) => made);
}

type Timed = readonly [ms: number, entry: Entry];

/** The accounts by which the records of a page were captured. */
export function capturesOf(
  page: readonly RecordRef[],
  opened: ReadonlyMap<string, Opened>,
): ThreadAnswer["captures"] {
  const found = new Map<string, ThreadAnswer["captures"][number]>();
  for (const { id, keys } of page) {
    const record = opened.get(id)?.record;
    if (!record) continue;
    const { account: identifier, network, custodian = null } = record;
    found.set(keys.account, { account: keys.account, identifier, network, custodian });
  }
  return [...found.values()];
}
