import type { Event, Party } from "@daybook/contract";
import {
  type Canary,
  captureBatches,
  type Change,
  chatChanges,
  isKnown,
  type Log,
  type ScopedSink,
  written,
} from "@daybook/keeping";
import { type Draft, draftOf, inPlaceOf, type WaitingFile, waitingOf } from "./captured.ts";
import type { Entry } from "../reading/entry.ts";
import type { KnownPeople } from "./people.ts";
import { entriesOfItem, type Item } from "./reading.ts";
import type { BlueBubblesState } from "./state.ts";

export interface DeliverOptions {
  readonly account: string;
  readonly custodian: Party;
  readonly state: BlueBubblesState;
  readonly people: KnownPeople;
  readonly canary: Canary | undefined;
  /** What a message says of the request that it was sent by. */
  readonly relayOf: (item: Item) => Promise<Event["relay"]>;
  /** Attachments to be fetched: in the state file by now. */
  readonly onFiles: (files: readonly WaitingFile[]) => void;
  readonly attachmentMs: number;
  readonly log: Log;
  readonly now: () => Date;
}

/** Rows whose last wording is remembered, so that what did not change is not handed over each time. */
const REMEMBERED = 50_000;

/** Hands on what rows tell of. What a row said before, and says still, is handed on once in the life of the process. */
export class Deliverer {
  readonly #options: DeliverOptions;
  readonly #said = new Map<string, string>();

  constructor(options: DeliverOptions) {
    this.#options = options;
  }

  /**
   * Resolves once all of it is durable, attachments that wait included. May be repeated.
   *
   * @throws {ConnectorError} retryable: nobody knows what is durable, deliver it again
   */
  async deliver(items: readonly Item[], sink: ScopedSink): Promise<void> {
    const fresh = items.filter(({ guid, digest }) => this.#said.get(guid) !== digest);
    const { state, people, account, custodian, now, attachmentMs: keepMs } = this.#options;
    const drafts: Draft[] = [];
    const files: WaitingFile[] = [];
    const chats = new Map<string, Change<"chat">>();
    for (const item of fresh) {
      const relay = await this.#options.relayOf(item);
      const read = entriesOfItem(item, people, account);
      const isTest = await this.#isTest(read.find(({ kind }) => kind === "message")?.text);
      if (isTest) continue;
      const leftOut = await this.#leftOut(read[0], sink);
      for (const entry of read) {
        const of = leftOut ? { ...entry, conversation: leftOut } : entry;
        const draft = draftOf(of, item, { account, custodian, relay });
        drafts.push(draft);
        if (leftOut) continue;
        files.push(...waitingOf(entry, draft, { now: now().getTime(), keepMs }));
        for (const chat of chatChanges(state, entry.conversation)) chats.set(chat.name, chat);
      }
    }
    const wanted = files.filter((one) => !isKnown(one, state));
    await state.write([...chats.values(), ...wanted.map(written)]);
    try {
      await captureBatches(drafts, { sink, log: this.#options.log, inPlaceOf });
    } finally {
      // They are known as waiting from here on: what is delivered again does not tell of them any more.
      this.#options.onFiles(wanted);
    }
    for (const { guid, digest } of fresh) this.#remember(guid, digest);
  }

  /** Test messages of ours are coverage, and no messages. */
  async #isTest(text: string | undefined): Promise<boolean> {
    return text !== undefined && (await this.#options.canary?.hear(text)) === true;
  }

  /**
   * A conversation of the row's that scope leaves out: one is enough, for the row says the same in each. It is handed over
   * as of that one, so that the sink leaves it out, and counts it.
   */
  async #leftOut(entry: Entry | undefined, sink: ScopedSink): Promise<Event["conversation"]> {
    if (!sink.excludes || !entry?.conversation) return undefined;
    const { account, custodian } = this.#options;
    const { network, conversation: first, alsoIn = [] } = entry;
    for (const conversation of [first, ...alsoIn])
      if (await sink.excludes({ account, network, custodian, conversation })) return conversation;
    return undefined;
  }

  #remember(guid: string, digest: string): void {
    this.#said.delete(guid);
    this.#said.set(guid, digest);
    const [oldest] = this.#said.keys();
    if (this.#said.size > REMEMBERED && oldest !== undefined) this.#said.delete(oldest);
  }
}
