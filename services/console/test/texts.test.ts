import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { RIGHTS } from "@daybook/runtime";
import { createTexts } from "../src/texts.ts";

const SRC = join(import.meta.dirname, "..", "src");
const texts = createTexts();

/** Keys that a source names whole; one that is put together is tested where it is used. */
function keys(): [file: string, key: string][] {
  return readdirSync(SRC, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.(?:njk|ts)$/.test(file))
    .flatMap((file) => {
      const source = readFileSync(join(SRC, file), "utf8");
      return [...source.matchAll(/["']([a-z][a-z-]*:[a-zA-Z][\w.-]*\w)["']/g)].map(
        ([, key]): [string, string] => [file, key!],
      );
    })
    .filter(([, key]) => !/^(?:node|https?|data):/.test(key));
}

describe("texts", () => {
  it("have every key that a page or template names", () => {
    expect(keys().length).toBeGreaterThan(10);
    expect(
      keys()
        .filter(([, key]) => !texts.has(key) && !texts.has(`${key}_one`))
        .map(([file, key]) => `${file}: ${key}`),
    ).toEqual([]);
  });

  it("say in words everything that is put on record", () => {
    const written = ["records", "evidence"].flatMap((service) => {
      const dir = join(SRC, "../..", service, "src");
      return readdirSync(dir, { recursive: true, encoding: "utf8" })
        .filter((file) => file.endsWith(".ts"))
        .flatMap((file) => [...readFileSync(join(dir, file), "utf8").matchAll(/\baction: "([a-z.-]+)"/g)])
        .map(([, action = ""]) => action)
        .filter((action) => action !== "public" && !Object.hasOwn(RIGHTS, action));
    });

    expect(written).toContain("export.complete");
    expect(written.filter((action) => !texts.has(`reader:action.${action.replace(".", "-")}`))).toEqual([]);
  });

  it("are none of them in a template itself", () => {
    const wrong = readdirSync(join(SRC, "views"), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".njk"))
      .flatMap((file) => {
        const bare = readFileSync(join(SRC, "views", file), "utf8")
          .replaceAll(/\{#[\s\S]*?#\}|\{%[\s\S]*?%\}|\{\{[\s\S]*?\}\}/g, "")
          .replaceAll(/<[^>]*>/g, " ")
          .replaceAll(/&[a-z]+;/g, " ");
        return /\p{L}{3,}/u.test(bare) ? [`${file}: ${/.*\p{L}{3,}.*/u.exec(bare)?.[0].trim() ?? ""}`] : [];
      });

    expect(wrong).toEqual([]);
  });
});
