import { openPostgresPool } from "@daybook/catalogue";
import { describeOutages } from "@daybook/catalogue/testing";
import { ImportedLines, toKey } from "../src/lines.ts";

describeOutages("capture's memory of imports", async (connection) => {
  const pool = openPostgresPool(connection, { name: "daybook-capture", max: 4 });
  const lines = new ImportedLines(pool, Buffer.alloc(32, 3));
  await lines.migrate();
  const digest = (n: number) => lines.digest(`line ${n}`);
  const known = () => lines.conversation("custodian", "Harbour works");
  await lines.addConversation("custodian", "c1", "Harbour works");
  let next = 0;
  return {
    async keep(n) {
      const conversation = (await known())!;
      await lines.remember(conversation, new Map([[toKey(digest(n)), 1]]));
      next = n + 1;
    },
    async kept() {
      const conversation = (await known())!;
      const counts = await lines.counts(
        conversation,
        Array.from({ length: next }, (_, n) => digest(n)),
      );
      return counts.flatMap((count, n) => (count === 1 ? [n] : []));
    },
    close: () => pool.end(),
  };
});
