import { describeOutages } from "../testing/index.ts";
import { openTestCatalogue, recordOf, streamAt, type TestCatalogue } from "./support/records.ts";

describeOutages("the catalogue's writer", async (connection) => {
  const catalogue = await openTestCatalogue(connection);
  const { writer, reader } = catalogue;
  const batches: (ReturnType<TestCatalogue["index"]> | undefined)[] = [];
  return {
    async keep(n) {
      const batch = (batches[n] ??= catalogue.index([
        recordOf({ networkId: `m${n}`, text: `number ${n} word${n}` }),
      ]));
      const [row] = batch.rows;
      const known = await writer.known([row!.id], { shard: "0", size: batch.from });
      await writer.write(batch.rows, { shard: "0", ...batch, stream: streamAt(batch.size) });
      // Whoever was known was kept by an attempt whose answer was lost.
      expect(known.size).toBeLessThanOrEqual(1);
    },
    async kept() {
      const numbers: number[] = [];
      for await (const refs of reader.select({ filters: {} })) numbers.push(...refs.map((ref) => ref.index));
      expect((await writer.position("0"))?.size).toBe(numbers.length);
      return numbers;
    },
    close: () => catalogue.close(),
  };
});
