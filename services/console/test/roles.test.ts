import { readFileSync } from "node:fs";
import { join } from "node:path";
import { rightsDocument } from "../src/roles/rights-document.ts";
import { rightsTable } from "../src/roles/rights-table.ts";
import { createTexts } from "../src/texts.ts";

describe("the table of rights", () => {
  it("has words for every right", () => {
    const texts = createTexts();

    expect(rightsTable().filter(({ key }) => !texts.has(key))).toEqual([]);
  });

  it("is printed as it is, in ROLES.md", () => {
    const printed = readFileSync(join(import.meta.dirname, "..", "ROLES.md"), "utf8");

    expect(printed).toBe(rightsDocument());
  });
});
