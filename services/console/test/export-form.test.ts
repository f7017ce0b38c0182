import { askedFor, exportForm, ofSearch } from "../src/exporting/export-form.ts";
import { savedSearch } from "../src/exporting/export-answers.ts";

const search = (filters: object, names: object = {}) =>
  ofSearch(savedSearch.parse({ id: "1", q: "ferry", filters, names }));

describe("an export of what a search finds", () => {
  it("narrows by somebody outside as the search did", () => {
    const { values, lacks } = search({ participant: "p1" }, { participant: "Fergus Reid" });
    expect(lacks).toEqual([]);
    const asked = askedFor(exportForm.parse({ ...values, name: "papers" }));
    expect(asked).toMatchObject({ query: "ferry", participant: "Fergus Reid" });
    expect(asked).not.toHaveProperty("custodian");
  });

  it("is narrowed enough by somebody outside alone", () => {
    const form = { of: "filters", participant: "Fergus Reid", name: "papers" };
    expect(askedFor(exportForm.parse(form))).toMatchObject({ participant: "Fergus Reid" });
    expect(exportForm.safeParse({ ...form, participant: " " }).success).toBe(false);
  });

  it("says what else the search was narrowed by, which a package cannot be", () => {
    const others = {
      titled: "Ferry",
      post: "Clerk",
      sender: "1",
      attachments: "image",
      network: ["sms", "email"],
    };
    expect(search(others).lacks.sort()).toEqual(["attachments", "network", "post", "sender", "titled"]);
  });
});
