import { hash } from "node:crypto";
import { keyBlockKey, segmentKey } from "@daybook/archive-core";
import { memoryStores } from "@daybook/archive-core/testing";
import {
  buildKeyBlock,
  type KeyLine,
  newSessionKey,
  RecordReader,
  type SealedPlace,
  sealPacket,
  sealStream,
} from "@daybook/openpgp";
import { codeOf, collect, inPieces, pairOf } from "./samples.ts";

const SHARD = "0";
const pair = await pairOf();

/** An archive of sealed texts in memory, and what reads it. */
class Sealed {
  readonly stores = memoryStores();
  readonly reader = new RecordReader({ stores: this.stores, holder: pair.privateKey });
  /** Keys of objects that were read, in order. */
  readonly read: string[] = [];
  readonly lines = new Map<string, KeyLine[]>();

  constructor() {
    this.stores.records.hook = ({ operation, key }, when) => {
      if (operation === "get" && when === "before") this.read.push(key);
    };
  }

  /** Seals texts as one segment. @param apart bytes of something else between them */
  async segment(firstIndex: number, texts: readonly string[], apart = 0): Promise<SealedPlace[]> {
    const lines = texts.map((_, i): KeyLine => ({ index: firstIndex + i, key: newSessionKey() }));
    const packets = texts.map((text, i) => sealPacket(Buffer.from(text), lines[i]!.key));
    const body = Buffer.concat(packets.flatMap((packet) => [packet, Buffer.alloc(apart)]));
    const segment = { firstIndex, digest: hash("sha256", body) };
    const retainUntil = new Date("2100-01-01");
    await this.stores.records.put({
      key: segmentKey(SHARD, firstIndex, segment.digest),
      body,
      retainUntil,
    });
    let end = 0;
    const places = packets.map(({ length: len }, i) => {
      const off = end;
      end += len + apart;
      return { shard: SHARD, index: firstIndex + i, segment, off, len };
    });
    await this.keep(places[0]!, lines);
    return places;
  }

  /** Writes the key block of a segment, whatever was there. */
  async keep({ shard, segment }: SealedPlace, lines: KeyLine[]): Promise<void> {
    const key = keyBlockKey(shard, segment.firstIndex, segment.digest);
    this.lines.set(key, lines);
    await this.stores.keyring.put(key, await buildKeyBlock(lines, pair.recipients));
  }

  linesOf({ shard, segment }: SealedPlace): KeyLine[] {
    return this.lines.get(keyBlockKey(shard, segment.firstIndex, segment.digest))!;
  }

  /** Opens places in runs. */
  async texts(places: readonly SealedPlace[]): Promise<(string | undefined)[]> {
    const texts: (string | undefined)[] = [];
    for await (const run of this.reader.inRuns(places))
      for (const place of run.places) texts.push(run.open(place)?.json.toString());
    return texts;
  }

  /** Changes one byte of a sealed record. */
  alter({ shard, segment, off, len }: SealedPlace): void {
    const object = this.stores.records.objects.get(segmentKey(shard, segment.firstIndex, segment.digest))!;
    object.body.writeUInt8(object.body.readUInt8(off + len - 1) ^ 1, off + len - 1);
  }
}

const abc = ["a", "b", "c"];

describe("a record reader", () => {
  it("opens one record, with its packet and its key", async () => {
    const sealed = new Sealed();
    const [, b] = await sealed.segment(5, abc);
    const { json, packet, key, attachmentKeys } = await sealed.reader.open(b!);

    expect(json.toString()).toBe("b");
    expect(packet).toHaveLength(b!.len);
    expect(key.bytes).toEqual(sealed.linesOf(b!)[1]!.key.bytes);
    expect(attachmentKeys.size).toBe(0);
  });

  it("opens many in the order in which they are asked for, whatever it is", async () => {
    const sealed = new Sealed();
    const [a, b, c] = await sealed.segment(0, abc);
    const [d, e] = await sealed.segment(3, ["d", "e"]);

    expect(await sealed.texts([a!, b!, c!, d!, e!])).toEqual(["a", "b", "c", "d", "e"]);
    expect(await sealed.texts([e!, a!, d!, c!, b!, a!])).toEqual(["e", "a", "d", "c", "b", "a"]);
    expect(await sealed.texts([])).toEqual([]);
  });

  it("reads what lies together in a segment at once, and what is far apart by itself", async () => {
    const together = new Sealed();
    await together.texts(await together.segment(0, abc, 1_000));
    expect(together.read).toHaveLength(1);

    const apart = new Sealed();
    expect(await apart.texts(await apart.segment(0, abc, 300_000))).toEqual(abc);
    expect(apart.read).toHaveLength(3);
  });

  it("refuses a record that is not of the run", async () => {
    const sealed = new Sealed();
    const [a, b] = await sealed.segment(0, abc);
    for await (const run of sealed.reader.inRuns([a!])) expect(() => run.open(b!)).toThrow(RangeError);
  });

  it("leaves out a record whose key was destroyed, and only that", async () => {
    const sealed = new Sealed();
    const places = await sealed.segment(0, [...abc, "d"]);
    const lines = sealed.linesOf(places[0]!);
    for (const gone of [0, 1, 3]) {
      await sealed.keep(
        places[0]!,
        lines.filter(({ index }) => index !== gone),
      );
      sealed.reader.forget(places[0]!);
      expect(await sealed.texts(places)).toEqual(
        [...abc, "d"].map((text, i) => (i === gone ? undefined : text)),
      );
      await expect(sealed.reader.open(places[gone]!)).rejects.toMatchObject({ code: "undecryptable" });
    }
  });

  it("leaves out all of a segment whose block was destroyed, and goes on with the next", async () => {
    const sealed = new Sealed();
    const gone = await sealed.segment(0, abc);
    const kept = await sealed.segment(3, ["d"]);
    await sealed.stores.keyring.remove(keyBlockKey(SHARD, 0, gone[0]!.segment.digest));

    expect(await sealed.texts([...gone, ...kept])).toEqual([undefined, undefined, undefined, "d"]);
    await expect(sealed.reader.open(gone[0]!)).rejects.toMatchObject({ code: "undecryptable" });
  });

  it("keeps a block in memory until it is told to forget it", async () => {
    const sealed = new Sealed();
    const places = await sealed.segment(0, abc);
    await sealed.texts(places);
    await sealed.keep(places[0]!, sealed.linesOf(places[0]!).slice(1));

    expect(await sealed.texts(places)).toEqual(abc);
    sealed.reader.forget(places[0]!);
    expect(await sealed.texts(places)).toEqual([undefined, "b", "c"]);
  });

  it("does not pass an altered record over as one whose key is gone", async () => {
    const sealed = new Sealed();
    const places = await sealed.segment(0, abc);
    sealed.alter(places[1]!);
    for await (const run of sealed.reader.inRuns(places)) {
      expect(run.open(places[0]!)?.json.toString()).toBe("a");
      expect(codeOf(() => run.open(places[1]!))).toBe("undecryptable");
    }
  });

  it("does not pass an altered key block over as one that is gone", async () => {
    const sealed = new Sealed();
    const places = await sealed.segment(0, abc);
    const key = keyBlockKey(SHARD, 0, places[0]!.segment.digest);
    const block = Buffer.from((await sealed.stores.keyring.read(key))!.body);
    block.writeUInt8(block.readUInt8(block.length - 1) ^ 1, block.length - 1);
    await sealed.stores.keyring.put(key, block);

    await expect(sealed.texts(places)).rejects.toMatchObject({ code: "undecryptable" });
  });

  it("fails with the store, and reads again when it is asked again", async () => {
    const sealed = new Sealed();
    const places = await sealed.segment(0, abc);
    sealed.stores.records.fail("get", "lost");
    await expect(sealed.texts(places)).rejects.toMatchObject({ code: "store-unavailable" });

    expect(await sealed.texts(places)).toEqual(abc);
  });

  it("opens attachments by the keys beside their record's", async () => {
    const sealed = new Sealed();
    const places = await sealed.segment(0, abc);
    const key = newSessionKey();
    const body = await collect(sealStream(inPieces(Buffer.from("a photo")), key));
    const digest = hash("sha256", body);
    await sealed.stores.records.put({
      key: `attachment/${digest}`,
      body,
      retainUntil: new Date("2100-01-01"),
    });
    await sealed.keep(places[0]!, [...sealed.linesOf(places[0]!), { index: 1, attachment: 2, key }]);
    const { attachmentKeys } = await sealed.reader.open(places[1]!);

    expect([...attachmentKeys.keys()]).toEqual([2]);
    expect((await collect(sealed.reader.attachment(digest, attachmentKeys.get(2)!))).toString()).toBe(
      "a photo",
    );
  });
});
