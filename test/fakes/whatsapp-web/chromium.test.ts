import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { findChromium } from "./chromium.ts";

describe("findChromium", () => {
  it("takes the first of the folders of PATH that has one, and none where there is none", async () => {
    const dir = await mkdtemp(join(tmpdir(), "chromium-"));
    const place = join(dir, "google-chrome");
    expect(findChromium(dir)).toBeUndefined();
    await writeFile(place, "");
    await chmod(place, 0o755);

    expect(findChromium(["/nowhere", dir].join(delimiter))).toBe(place);
    await rm(dir, { recursive: true });
  });
});
