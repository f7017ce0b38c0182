import { createAssets } from "../src/assets.ts";

const assets = createAssets();
const read = (name: string) => assets.find(assets.url(name).slice("/assets/".length))!;

describe("assets", () => {
  it("have neither the font nor the crest that are licensed to gov.uk alone", () => {
    const css = read("console.css").body.toString();

    expect(css).toContain(".govuk-button");
    expect(css).not.toMatch(/GDS Transport|font-face|crest\.|url\(/);
  });

  it("are scripts of ours and of libraries", () => {
    expect(read("start.js").mediaType).toBe("text/javascript; charset=utf-8");
    expect(read("simplewebauthn.js").body.toString()).toContain("startAuthentication");
  });

  it("are found by their own name alone", () => {
    expect(assets.find("0000000000000000/console.css")).toBeUndefined();
    expect(assets.find("console.css")).toBeUndefined();
    expect(() => assets.url("nothing.css")).toThrow(TypeError);
  });
});
