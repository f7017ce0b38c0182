import type { Browser, Shown } from "@daybook/console/testing";

const MAX_PAGES = 400;

/** Everything that links lead to, as somebody without JavaScript follows them, 400 pages at most. */
export async function* crawl(browser: Browser, from: readonly string[]): AsyncGenerator<Shown> {
  const seen = new Set(from);
  const waiting = [...from];
  for (let path = waiting.shift(); path !== undefined && seen.size < MAX_PAGES; path = waiting.shift()) {
    const shown = await browser.get(path);
    yield shown;
    if (!isPage(shown)) continue;
    const { $ } = shown;
    for (const link of $("a[href], img[src], audio[src]")
      .map((_, one) => $(one).attr("href") ?? $(one).attr("src"))
      .get()) {
      const [target = ""] = link.split("#", 1);
      if (!target.startsWith("/") || seen.has(target)) continue;
      seen.add(target);
      waiting.push(target);
    }
  }
}

/** Whether it is a page, and no file. */
export function isPage({ headers }: Shown): boolean {
  return /html/.test(headers.get("content-type") ?? "");
}
