import { formatMoment } from "../src/format.ts";
import { page, view } from "../src/page.ts";
import { consoleOver } from "../testing/index.ts";

it("shows times as clocks have them where its API says that the body is", async () => {
  const shown: string[] = [];
  const pages = [
    page({
      method: "get",
      path: "/",
      action: "self.read",
      handle: async ({ api }) => {
        await api.call("get", "/api/v1/self");
        shown.push(formatMoment("2026-12-31T14:15:00.000Z"));
        return view("about/cookies");
      },
    }),
  ];
  const served = await consoleOver({ pages, zone: "Asia/Tokyo" });
  try {
    const { status, $ } = await served.browser(["auditor"]).get("/");

    expect(status).toBe(200);
    expect(shown).toEqual(["31 December 2026, 11:15pm"]);
    // What is printed says when that was, by the same clocks.
    expect($(".daybook-paper").text()).toMatch(/printed by Ailsa Craig, as it stood on \d+ \w+ 20\d\d, /);
  } finally {
    await served.close();
  }
});
