import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";

const require = createRequire(import.meta.url);
/** Of GOV.UK Frontend, whose package names no file of its own style sheet. */
export const GOVUK = dirname(require.resolve("govuk-frontend"));
const WEBAUTHN = join(dirname(require.resolve("@simplewebauthn/browser")), "../dist/bundle/index.umd.min.js");
const OWN = join(import.meta.dirname, "assets");
/** Of our own, in this order after GOV.UK Frontend's. */
const STYLES = ["console.css", "print.css"];
const BROWSER = join(import.meta.dirname, "browser");

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** A file that pages load. */
export interface Asset {
  readonly mediaType: string;
  readonly body: Buffer;
}

/** What pages load besides themselves, under one name that changes with the content. */
export interface Assets {
  /** Where an asset is: `/assets/<digest>/<name>`. @throws {TypeError} when there is none */
  url(name: string): string;
  /** The asset of a path below `/assets/`. */
  find(path: string): Asset | undefined;
}

/** Reads all of them: style sheet, GOV.UK Frontend's script, scripts of ours, pictures. */
export function createAssets(): Assets {
  const files = new Map<string, Buffer>();
  files.set(
    "console.css",
    Buffer.concat([govukStyles(), ...STYLES.map((name) => readFileSync(join(OWN, name)))]),
  );
  files.set("govuk-frontend.min.js", readFileSync(join(GOVUK, "govuk-frontend.min.js")));
  files.set("simplewebauthn.js", readFileSync(WEBAUTHN));
  for (const name of readdirSync(OWN))
    if (name.endsWith(".svg")) files.set(name, readFileSync(join(OWN, name)));
  for (const name of readdirSync(BROWSER))
    if (name.endsWith(".js")) files.set(name, readFileSync(join(BROWSER, name)));
  const all = createHash("sha256");
  for (const [name, body] of files) all.update(name).update(body);
  const version = all.digest("hex").slice(0, 16);
  return {
    url(name) {
      if (!files.has(name)) throw new TypeError(`no asset is called ${name}`);
      return `/assets/${version}/${name}`;
    },
    find(path) {
      const [given, name = ""] = path.split("/", 2);
      const body = given === version ? files.get(name) : undefined;
      return body && { body, mediaType: TYPES[extname(name)] ?? "application/octet-stream" };
    },
  };
}

/**
 * GOV.UK Frontend's style sheet without what is not licensed outside of gov.uk: the GDS Transport font and the crest.
 */
function govukStyles(): Buffer {
  const css = readFileSync(join(GOVUK, "govuk-frontend.min.css"), "utf8")
    .replaceAll(/@font-face\{[^}]*\}/g, "")
    .replaceAll("GDS Transport,", "")
    .replaceAll(/url\([^)]*govuk-crest\.svg\)/g, "none")
    .replace(/\/\*# sourceMappingURL=.*?\*\//, "");
  return Buffer.from(`${css}\n`);
}
