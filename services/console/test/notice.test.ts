import { linesOf, noticeOf, type NoticeOf } from "../src/matters/notice.ts";
import type { Clock, Matter } from "../src/matters/matter-answers.ts";
import { createTexts } from "../src/texts.ts";

const texts = createTexts();
const LAWS = ["foia-2000", "foisa-2002", "eir-2004", "eirs-2004"] as const;

function letterOf(
  regime: string | null,
  code: string,
  more: Partial<Matter> = {},
  scope: NoticeOf["scope"] = null,
) {
  const matter = {
    title: "Harbour <b>works</b> {{title}}",
    reference: "FOI/26/17",
    receivedAt: "2026-03-02",
    due: "2026-03-30T22:59:59.999Z",
    regime,
    variant: null,
    ...more,
  } as unknown as Matter;
  const answerIn = regime === "eir-2004" ? 40 : matter.variant === null ? 20 : 30;
  const clock = { review: { rule: { askWithin: 40, answerIn, statutory: true } } } as unknown as Clock;
  const notice = noticeOf({ matter, conclusion: { code }, scope, madeAt: "2026-03-20T10:00:00.000Z" }, clock);
  const lines = notice && linesOf(notice);
  for (const { key } of lines ?? []) expect([key, texts.has(key)]).toEqual([key, true]);
  return { notice, text: lines?.map(({ key, values }) => texts.text(key, values)).join("\n") ?? "" };
}

describe("the letter that goes with a statement", () => {
  it.each([
    ["foia-2000", ["section 1(1)(a)", "internal review", "section 50", "ico.org.uk", "First-tier Tribunal"]],
    [
      "foisa-2002",
      ["section 17(1)", "section 20(1)", "section 47(1)", "six months", "foi.scot", "Court of Session"],
    ],
    [
      "eir-2004",
      ["regulation 12(4)(a)", "regulation 11", "in 40 working days at most", "regulation 18", "Tribunal"],
    ],
    [
      "eirs-2004",
      ["regulation 10(4)(a)", "regulation 16", "regulation 17", "foi.scot", "on a point of law only"],
    ],
  ])("by %s gives its own rights, and says that it is a template", (law, words) => {
    const { text } = letterOf(law, "none");
    for (const one of words) expect(text).toContain(one);
    expect(text).toContain("not legal advice");
    expect(text).toContain("within 40 working days");
    expect(text).not.toContain("{{ask}}");
    expect(text).toContain("Harbour <b>works</b> {{title}}");
    expect(text).toContain("2 March 2026");
  });

  it.each(LAWS)("by %s says of gaps that not everything was captured, and without them does not", (law) => {
    expect(letterOf(law, "none-with-gaps").text).toContain("Not everything was captured");
    expect(letterOf(law, "none").text).not.toContain("Not everything was captured");
  });

  it.each(LAWS)("by %s does not say that nothing is held where the statement does not bear it out", (law) => {
    for (const code of ["unsearched", "found", "blind"]) {
      const { notice, text } = letterOf(law, code);
      expect(notice?.supported).toBe(false);
      expect(text).not.toMatch(/do not hold|No record was found/);
      expect(text).toContain("[What we hold, and what we decided.");
      expect(text).toContain("Commissioner");
    }
  });

  it("says until when a review is asked for and answered, and leaves a blank where that is not known", () => {
    expect(letterOf("foisa-2002", "none").text).toContain("of 30 March 2026, by which we had to answer");
    expect(letterOf("foisa-2002", "none", { due: null }).text).toContain(
      "of [the day by which we had to answer]",
    );
    const keeper = letterOf("foisa-2002", "none", { variant: "keeper-unopened" }).text;
    expect(keeper).toContain("in 30 working days at most");
    expect(keeper).toContain("section 22(4)");
    expect(letterOf("foia-2000", "none", { reference: null, receivedAt: null }).text).toContain(
      "[reference]",
    );
  });

  it("says of which time the searches were", () => {
    const scope = { from: "2026-01-01T00:00:00.000Z", to: null };
    expect(letterOf("foia-2000", "none", {}, scope).text).toContain("from 1 January 2026 on");
    expect(letterOf("foia-2000", "none").text).toContain("of any date");
  });

  it("is of no other law", () => {
    for (const regime of ["uk-gdpr-access", "inquiry", "audit", null])
      expect(letterOf(regime, "none").notice).toBeUndefined();
  });
});
