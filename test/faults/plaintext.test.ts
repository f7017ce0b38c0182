import { readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { jest } from "@jest/globals";
import { Daybook } from "../e2e/support/daybook.ts";
import { madeUpExport } from "../fixtures/made-up-export.ts";
import { scan } from "./scan.ts";

jest.setTimeout(300_000);

// Of the rehearsed week and of the import: words, names (the custodians' too), numbers, titles, a file's name.
const SECRETS = [
  "Sutherland",
  "Adeyemi",
  "+447700900202",
  "procurement",
  "Skerry Bridge",
  "relief-ferry-terms",
  "quetzalcoatlus",
  "Perpetua Vanterpool",
  "Wilhelmina",
  "07700900999",
];

const EXPORT = madeUpExport(
  3_000,
  (line) => `the quetzalcoatlus number ${line} rang 07700900999 about it`,
  "Wilhelmina",
);

const daybook = new Daybook();
afterAll(() => daybook.remove());

/** Keys are not what is searched for; the passphrase and the export lie outside the home. */
const scanHome = () => scan(daybook.home, SECRETS, (path) => path === join(daybook.home, "keys"));

describe("a home on disk", () => {
  it("shows no word, name or number while messages are on their way", async () => {
    await daybook.up("--sample");
    const file = daybook.write("WhatsApp Chat with Wilhelmina.txt", EXPORT);
    const importing = daybook.run(["import", file, "--custodian", "Perpetua Vanterpool"]);
    // Whenever it is cut off, something is half way: in the spool, on the stream, in the database.
    for (let i = 0; i < 50 && readdirSync(join(daybook.home, "spool")).length === 0; i += 1) await sleep(100);
    await sleep(300);
    await daybook.stop("SIGKILL");
    await importing;

    expect(scanHome()).toEqual([]);
  });

  it("shows none when all is archived, searched and exported", async () => {
    await daybook.up();
    await daybook.json([
      "import",
      join(daybook.dir, "WhatsApp Chat with Wilhelmina.txt"),
      "--custodian",
      "Perpetua Vanterpool",
    ]);
    const { id } = await daybook.json<{ id: string }>([
      "matter",
      "open",
      "--title",
      "About Perpetua Vanterpool",
      "--kind",
      "sar",
    ]);
    const { total } = await daybook.json<{ total: number }>(["search", "quetzalcoatlus", "--matter", id]);
    expect(total).toBeGreaterThanOrEqual(1_001);
    await daybook.json([
      "export",
      "--matter",
      id,
      "--out",
      join(daybook.dir, "package"),
      "--query",
      "procurement",
    ]);
    expect(scanHome()).toEqual([]);
    await daybook.stop();
    expect(scanHome()).toEqual([]);
  });

  it("would show a word in each place, in each form, if it were there", () => {
    const places = readdirSync(daybook.home).filter(
      (name) => statSync(join(daybook.home, name)).isDirectory() && name !== "keys",
    );
    expect(places).toEqual(
      expect.arrayContaining(["heads", "keyring", "logs", "objects", "postgres", "run", "spool", "stream"]),
    );
    const utf16 = Buffer.from("the quetzalcoatlus", "utf16le");
    const planted = [
      Buffer.from("x quetzalcoatlus"),
      utf16,
      Buffer.from(utf16).swap16(),
      ...["", "a", "ab"].map((before) =>
        Buffer.from(Buffer.from(`${before}the quetzalcoatlus`).toString("base64")),
      ),
    ];
    for (const place of places) {
      for (const content of planted) {
        const path = join(daybook.home, place, "planted");
        writeFileSync(path, Buffer.concat([Buffer.alloc(5_000, 7), content, Buffer.alloc(5_000, 7)]));
        expect(scan(path, SECRETS)).not.toEqual([]);
        rmSync(path);
      }
    }
  });
});
