import type { PageHealth, PagePort, Queued } from "../page-port.ts";
import type { WebClient } from "./client.ts";

/** The page does not answer in time, or is not there. */
export class PageError extends Error {
  override readonly name = "PageError";
}

/** Asks the page, never for longer than is said: a page that hangs holds up nothing here. */
export class Page {
  readonly #client: WebClient;

  constructor(client: WebClient) {
    this.#client = client;
  }

  ask<Name extends keyof PagePort>(
    name: Name,
    args: readonly unknown[],
    withinMs: number,
  ): Promise<Awaited<ReturnType<PagePort[Name]>>> {
    const page = this.#client.pupPage;
    if (!page) return Promise.reject(new PageError("there is no page yet"));
    const answered = page.evaluate(
      (name, args) => {
        const { daybook } = globalThis as unknown as {
          daybook: Record<string, (...args: unknown[]) => unknown>;
        };
        return daybook[name]?.(...args);
      },
      name,
      [...args],
    ) as Promise<Awaited<ReturnType<PagePort[Name]>>>;
    return within(answered, withinMs);
  }

  health(withinMs: number): Promise<PageHealth> {
    return this.ask("health", [], withinMs);
  }

  /** The oldest observations; waits up to `waitMs` for the first. */
  take(most: number, mostCharacters: number, waitMs: number): Promise<Queued[]> {
    return this.ask("take", [most, mostCharacters, waitMs], waitMs + 10_000);
  }
}

/** What a page says when it fails may quote messages. */
export async function within<T>(answer: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new PageError("the page does not answer")), ms);
  });
  try {
    return await Promise.race([answer, late]);
  } catch (cause) {
    if (cause instanceof PageError) throw cause;
    throw new PageError("the page could not answer");
  } finally {
    clearTimeout(timer);
  }
}
