import { createHash, randomUUID } from "node:crypto";
import { agentMisnumbered, agentMissing } from "@daybook/contract";
import { type SignedBatch, TestAgent, type TestEntry } from "@daybook/contract/testing";

/** A row of a phone's Telephony provider. */
export interface PhoneRow {
  readonly table: "sms" | "mms";
  readonly row: number;
  readonly date: number;
  readonly columns: Record<string, string | number | null>;
  readonly more: Readonly<Record<string, unknown>>;
  readonly pictures: readonly Buffer[];
}

/** A phone with messages on it, as Android's Telephony provider has them. */
export class AndroidPhone {
  readonly rows = new Map<string, PhoneRow>();
  #last = 0;
  /** The device's clock. */
  time = Date.parse("2026-03-04T12:00:00.000Z");

  sms(address: string, body: string, type = 1): number {
    const row = this.#next();
    const columns = {
      address,
      body,
      type,
      status: -1,
      date: this.time,
      date_sent: type === 1 ? this.time - 900 : 0,
    };
    this.rows.set(`sms/${row}`, { table: "sms", row, date: this.time, columns, more: {}, pictures: [] });
    return row;
  }

  mms(from: string, text: string, picture: Buffer): number {
    const row = this.#next();
    const date = Math.floor(this.time / 1_000);
    const sha256 = createHash("sha256").update(picture).digest("hex");
    const more = {
      addresses: [
        { type: 137, address: from },
        { type: 151, address: "insert-address-token" },
      ],
      parts: [
        { row: 1, ct: "text/plain", text },
        { row: 2, ct: "image/jpeg", name: "picture.jpg", sha256 },
      ],
    };
    const columns = { msg_box: 1, m_type: 132, date };
    this.rows.set(`mms/${row}`, { table: "mms", row, date, columns, more, pictures: [picture] });
    return row;
  }

  change(key: string, columns: Record<string, string | number | null>): void {
    const row = this.rows.get(key);
    if (row) this.rows.set(key, { ...row, columns: { ...row.columns, ...columns } });
  }

  remove(key: string): void {
    this.rows.delete(key);
  }

  #next(): number {
    this.time += 60_000;
    return (this.#last += 1);
  }
}

/** What becomes of a batch on its way: it does not arrive; it does, and its answer does not. */
export type OnTheWay = "lost" | "kept";

/** What the app keeps on the phone's storage: all that a kill leaves of it. */
interface Storage {
  readonly device: string;
  readonly key: TestAgent;
  /** Rows as they were handed over or are about to be. */
  readonly seen: Map<string, PhoneRow>;
  readonly queue: TestEntry[];
  readonly unanswered: Map<
    number,
    SignedBatch & { readonly pictures: readonly Buffer[]; readonly entries: readonly TestEntry[] }
  >;
  /** Above `answeredThrough`. */
  readonly answered: Set<number>;
  last: number;
  answeredThrough: number;
}

const ENTRIES = 3;

/** An archival app on a phone, as `connectors/sms/AGENT.md` and `services/capture/AGENTS.md` say one has to be. */
export class AndroidAgent {
  readonly #phone: AndroidPhone;
  readonly #storage: Storage;
  url: string;
  /** What happens to the coming batches, in order; undefined: they arrive. */
  readonly onTheWay: (OnTheWay | undefined)[] = [];

  constructor(phone: AndroidPhone, url: string, storage?: Storage) {
    this.#phone = phone;
    this.url = url;
    this.#storage = storage ?? newStorage(randomUUID(), new TestAgent());
  }

  get id(): string {
    return this.#storage.key.id;
  }

  /** Numbers that have no answer yet, in order. */
  get unanswered(): number[] {
    return [...this.#storage.unanswered.keys()].sort((a, b) => a - b);
  }

  /** The app as it starts again after a kill. */
  restarted(): AndroidAgent {
    return new AndroidAgent(this.#phone, this.url, this.#storage);
  }

  /** The app whose storage was put back to how it was at first; the key is the hardware's, and the device's name survived. */
  forgetful(): AndroidAgent {
    const { device, key } = this.#storage;
    return new AndroidAgent(this.#phone, this.url, newStorage(device, key));
  }

  async enrol(code: string): Promise<number> {
    return (await this.#storage.key.enrol(this.url, code)).status;
  }

  /** Compares the provider with what was handed over, and packs what differs into numbered batches, which it keeps. */
  scan(): void {
    const { seen, queue } = this.#storage;
    for (const [key, row] of this.#phone.rows) {
      const before = seen.get(key);
      if (!before) queue.push(this.#entry(row, "new"));
      else {
        const changes = Object.keys(row.columns).filter((name) => row.columns[name] !== before.columns[name]);
        if (changes.length > 0) queue.push(this.#entry(row, "changed", changes));
      }
      seen.set(key, row);
    }
    for (const [key, row] of seen) {
      if (this.#phone.rows.has(key)) continue;
      queue.push(this.#entry({ ...row, columns: {}, more: {}, pictures: [] }, "gone"));
      seen.delete(key);
    }
    while (queue.length > 0) this.#pack(queue.splice(0, ENTRIES));
  }

  heartbeat(): void {
    this.#pack([]);
  }

  /** A defect of the storage: what a number held is gone. */
  lose(number: number): void {
    this.#storage.unanswered.delete(number);
  }

  /** Sends what has no answer once, in the order given. @returns what was answered, 0 for none */
  async send(numbers = this.unanswered): Promise<number[]> {
    const answers: number[] = [];
    for (const number of numbers) answers.push(await this.#sendOne(number));
    return answers;
  }

  async #sendOne(number: number): Promise<number> {
    const { key, unanswered } = this.#storage;
    const batch = unanswered.get(number);
    if (!batch) return 0;
    const fault = this.onTheWay.shift();
    if (fault === "lost") return 0;
    let answer = await key.send(this.url, batch, this.#phone.time);
    if (agentMissing.safeParse(answer.body).success) {
      for (const picture of batch.pictures) await key.sendPart(this.url, picture);
      answer = await key.send(this.url, batch, this.#phone.time);
    }
    if (fault === "kept") return 0;
    const { data: misnumbered } = agentMisnumbered.safeParse(answer.body);
    if (misnumbered) {
      unanswered.delete(number);
      this.#storage.last = Math.max(this.#storage.last, misnumbered.next - 1);
      this.#pack([...batch.entries]);
    }
    if (answer.status === 200) this.#answered(number);
    return answer.status;
  }

  #answered(number: number): void {
    const { unanswered, answered } = this.#storage;
    unanswered.delete(number);
    answered.add(number);
    // Up to the first that has no answer, or never will.
    while (answered.delete(this.#storage.answeredThrough + 1)) this.#storage.answeredThrough += 1;
  }

  #pack(entries: readonly TestEntry[]): void {
    const { key, answeredThrough } = this.#storage;
    const number = (this.#storage.last += 1);
    const pictures = entries.flatMap(({ parts = [] }) => parts.map(({ content }) => content));
    const batch = key.batch(number, entries, { answeredThrough, at: this.#phone.time });
    this.#storage.unanswered.set(number, { ...batch, pictures, entries });
  }

  #entry({ pictures, more, ...row }: PhoneRow, seen: string, changes: readonly string[] = []): TestEntry {
    const { device } = this.#storage;
    return {
      raw: JSON.stringify({ v: 1, device, ...row, seen, changes, at: this.#phone.time, ...more }),
      parts: pictures.map((content) => ({ content, mediaType: "image/jpeg", name: "picture.jpg" })),
    };
  }
}

function newStorage(device: string, key: TestAgent): Storage {
  return {
    device,
    key,
    seen: new Map(),
    queue: [],
    unanswered: new Map(),
    answered: new Set(),
    last: 0,
    answeredThrough: 0,
  };
}
