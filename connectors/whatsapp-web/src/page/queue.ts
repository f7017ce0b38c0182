import type { Queued } from "../page-port.ts";

const DATABASE = "daybook";
const STORE = "observations";

/**
 * What was observed and is not yet safe outside, in the order in which it was: in the page's own database, so that it
 * outlives whoever drives the page. Where the database takes nothing, in memory, which `unkept` counts.
 */
export class Queue {
  #database: Promise<IDBDatabase> | undefined;
  /** On their way into the database. */
  #coming: string[] = [];
  #writing: string[] = [];
  #flushing: Promise<void> | undefined;
  /** What the database did not take: handed over first, with places that are no database's. */
  #unkept: Queued[] = [];
  #lastUnkept = 0;
  #news: PromiseWithResolvers<void> = Promise.withResolvers();

  /** Observations that a crash of the browser would lose now. */
  get unkept(): number {
    return this.#unkept.length + this.#coming.length + this.#writing.length;
  }

  /** Written down as it is now; kept a moment later. */
  put(observation: object): void {
    this.#coming.push(JSON.stringify(observation));
    this.#flushing ??= this.#flush().finally(() => (this.#flushing = undefined));
  }

  /** The oldest, in order, up to so many; waits a while for the first. Handed over again until they are `done`. */
  async take(most: number, mostCharacters: number, waitMs: number): Promise<Queued[]> {
    const news = this.#news.promise;
    const found = await this.#oldest(most);
    if (found.length > 0) return within(found, mostCharacters);
    await Promise.race([news, new Promise((resolve) => setTimeout(resolve, waitMs))]);
    return within(await this.#oldest(most), mostCharacters);
  }

  /** They are safe outside: forgotten here. Repeatable. */
  async done(places: readonly number[]): Promise<void> {
    const gone = new Set(places);
    this.#unkept = this.#unkept.filter(({ n }) => !gone.has(n));
    const kept = places.filter((n) => n > 0);
    if (kept.length === 0) return;
    await this.#inStore("readwrite", (store) => {
      for (const n of kept) store.delete(n);
    });
  }

  async #flush(): Promise<void> {
    while (this.#coming.length > 0) {
      this.#writing = this.#coming;
      this.#coming = [];
      try {
        await this.#inStore("readwrite", (store) => {
          for (const raw of this.#writing) store.add(raw);
        });
      } catch {
        for (const raw of this.#writing) this.#unkept.push({ n: (this.#lastUnkept -= 1), raw });
      }
      this.#writing = [];
      this.#news.resolve();
      this.#news = Promise.withResolvers();
    }
  }

  async #oldest(most: number): Promise<Queued[]> {
    if (this.#unkept.length > 0) return this.#unkept.slice(0, most);
    const found: Queued[] = [];
    await this.#inStore("readonly", (store) => {
      const keys = store.getAllKeys(null, most);
      const values = store.getAll(null, most);
      values.onsuccess = () => {
        for (const [at, n] of keys.result.entries())
          found.push({ n: Number(n), raw: String(values.result[at]) });
      };
    }).catch(() => undefined);
    return found;
  }

  async #inStore(mode: IDBTransactionMode, work: (store: IDBObjectStore) => void): Promise<void> {
    const database = await (this.#database ??= this.#open());
    await new Promise<void>((resolve, reject) => {
      const transaction = database.transaction(STORE, mode, { durability: "strict" });
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error("aborted"));
      work(transaction.objectStore(STORE));
    }).catch((error: unknown) => {
      this.#database = undefined;
      throw error;
    });
  }

  #open(): Promise<IDBDatabase> {
    return new Promise<IDBDatabase>((resolve, reject) => {
      const opening = indexedDB.open(DATABASE, 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { autoIncrement: true });
      opening.onsuccess = () => {
        opening.result.onclose = opening.result.onversionchange = () => {
          opening.result.close();
          this.#database = undefined;
        };
        resolve(opening.result);
      };
      opening.onerror = () => reject(opening.error ?? new Error("not opened"));
    }).catch((error: unknown) => {
      this.#database = undefined;
      throw error;
    });
  }
}

/** At least one. */
function within(queued: Queued[], mostCharacters: number): Queued[] {
  let characters = 0;
  const end = queued.findIndex(({ raw }) => (characters += raw.length) > mostCharacters);
  return end === -1 ? queued : queued.slice(0, Math.max(1, end));
}
