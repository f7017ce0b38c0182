import { describeOutages } from "@daybook/catalogue/testing";
import { openDatabase } from "../src/database.ts";
import { migrate } from "../src/schema.ts";

const LOCK = 7;

describeOutages("the records service's database", async (connection) => {
  const database = openDatabase(connection);
  await migrate(database);
  await database.query("CREATE TABLE records.kept (n int PRIMARY KEY, odd boolean NOT NULL)");
  return {
    // As a change is made: on one connection, under the lock, in a transaction.
    keep: (n) =>
      database.locked(LOCK, (session) =>
        session.transaction(async (tx) => {
          await tx.query("INSERT INTO records.kept VALUES ($1, true) ON CONFLICT DO NOTHING", [n]);
          await tx.query("UPDATE records.kept SET odd = n % 2 = 1 WHERE n = $1", [n], "odd");
        }),
      ),
    async kept() {
      const rows = await database.query<{ n: number; odd: boolean }>("SELECT n, odd FROM records.kept");
      expect(rows.filter(({ n, odd }) => odd !== (n % 2 === 1))).toEqual([]);
      return rows.map(({ n }) => n);
    },
    close: () => database.close(),
  };
});
