import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Page } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** Where pictures go, if anywhere: see `npm run screens`. */
const PICTURES = process.env["DAYBOOK_SCREENS"];
export const WIDE = { width: 1_280, height: 900 };
/** What nobody can press on paper, of what is seen there. */
const PRESSED = `[...document.querySelectorAll("button, input, select, textarea, nav, audio, .govuk-button, .govuk-footer")]
  .filter((one) => one.checkVisibility())
  .map((one) => one.outerHTML.slice(0, 200))`;
/** WCAG 1.4.10: what 400 % zoom leaves of 1,280. */
const NARROW = { width: 320, height: 640 };
/** What axe may find in a narrow page that it did not in a wide one: its other rules ask what stands in it, in what colours. */
const OF_LAYOUT = ["target-size", "scrollable-region-focusable"];

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly target: readonly unknown[]; readonly failureSummary?: string }[];
}

/**
 * Looks at what a browser shows, wide, narrow and on paper: axe finds nothing, nothing is wider than the screen, and on
 * paper there is nothing to press.
 *
 * @param of name the pictures
 */
export async function lookAt(
  page: Page,
  of: { readonly page: string; readonly state: string; readonly as: string },
): Promise<void> {
  await page.setViewportSize(WIDE);
  await picture(page, of, "wide");
  await page.evaluate(AXE);
  expect(await violations(page)).toEqual([]);
  await page.setViewportSize(NARROW);
  await picture(page, of, "narrow");
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(NARROW.width);
  expect(await violations(page, OF_LAYOUT)).toEqual([]);
  await page.setViewportSize(WIDE);
  await page.emulateMedia({ media: "print" });
  expect(await page.evaluate(PRESSED)).toEqual([]);
  await page.emulateMedia({ media: "screen" });
}

async function picture(
  page: Page,
  { page: path, state, as }: Parameters<typeof lookAt>[1],
  width: string,
): Promise<void> {
  if (!PICTURES) return;
  mkdirSync(PICTURES, { recursive: true });
  const name = [path.replaceAll(/[^a-z]+/gi, "-").replace(/^-$/, "-front"), state, as, width].join(".");
  await page.screenshot({ path: join(PICTURES, `${name.replace(/^-/, "")}.png`), fullPage: true });
}

/** What axe finds, as one line each: none is let pass. @param runOnly its rules; all, unless given */
async function violations(page: Page, runOnly?: readonly string[]): Promise<string[]> {
  const options = JSON.stringify({ resultTypes: ["violations"], ...(runOnly && { runOnly }) });
  const found = await page.evaluate<Violation[]>(`axe.run(${options}).then(({ violations }) => violations)`);
  return found.flatMap(({ id, nodes }) =>
    nodes.map(
      ({ target, failureSummary = "" }) => `${id}: ${target.map(String).join(" ")}: ${failureSummary}`,
    ),
  );
}
