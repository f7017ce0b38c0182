import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

// Which folders a folder may import from, besides itself. Nothing lists `services` or `test`, except that
// `services/cli` composes the services.
const contract = "connectors/contract";
const keeping = "connectors/keeping";
const core = "archive/core";
const leaves = ["infra/runtime", "infra/stream", "infra/compose"];
const allowed: Record<string, string[]> = {
  [contract]: [],
  [keeping]: [contract],
  connectors: [contract, keeping],
  [core]: [contract],
  archive: [core, contract, "archive/openpgp", "archive/timestamp"],
  infra: [],
  // The lab runs the same PostgreSQL as a home does.
  "infra/lab": ["infra/compose"],
  services: ["connectors", contract, "archive", core, "archive/openpgp", ...leaves],
  // What faces every browser reaches the archive by the API alone.
  "services/console": [contract, "infra/runtime"],
  "services/cli": [
    "connectors",
    contract,
    "archive",
    core,
    "archive/openpgp",
    ...leaves,
    "services",
    "services/console",
  ],
};

// Libraries that stay behind one module.
const confined: Record<string, string[]> = {
  openpgp: ["archive/openpgp"],
  kafkajs: ["infra/stream"],
  "@aws-sdk/client-s3": ["archive/s3"],
  express: ["infra/runtime", "services/console"],
  winston: ["infra/runtime"],
  "@hpke/core": ["infra/stream"],
  pkijs: ["archive/timestamp"],
  asn1js: ["archive/timestamp"],
  "@signalapp/libsignal-client": ["connectors/signal"],
  "@bufbuild/protobuf": ["connectors/signal"],
  "whatsapp-web.js": ["connectors/whatsapp-web"],
  mailparser: ["connectors/email"],
  mailauth: ["connectors/email"],
  "smtp-server": ["connectors/email"],
  imapflow: ["connectors/email"],
  "@simplewebauthn/server": ["services/records"],
  "openid-client": ["services/records"],
  nunjucks: ["services/console"],
  "govuk-frontend": ["services/console"],
  echarts: ["services/console"],
};

const root = resolve(import.meta.dirname, "..");
const packages = new Map(
  ["connectors", "archive", "infra", "services"].flatMap((top) =>
    readdirSync(join(root, top), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => `${top}/${entry.name}`)
      .filter((dir) => readdirSync(join(root, dir)).includes("package.json"))
      .map((dir) => {
        const manifest = JSON.parse(readFileSync(join(root, dir, "package.json"), "utf8")) as {
          name: string;
        };
        return [manifest.name, dir] as const;
      }),
  ),
);
const rule = (dir: string) => (dir in allowed ? dir : dirname(dir));

/** Everything that a source names in a static, dynamic or re-exporting import. */
function imported(source: string): string[] {
  return [...source.matchAll(/\b(?:from|import)\s*\(?\s*["']([^"']+)["']/g)].map((match) => match[1]!);
}

function sources(dir: string): string[] {
  return readdirSync(join(root, dir, "src"), { recursive: true, encoding: "utf8" }).filter((f) =>
    f.endsWith(".ts"),
  );
}

describe.each([...packages.values()])("%s", (dir) => {
  it("imports only what its layer may", () => {
    const wrong = sources(dir).flatMap((file) =>
      imported(readFileSync(join(root, dir, "src", file), "utf8"))
        .filter((name) => name.startsWith("@daybook/"))
        .map((name) => packages.get(name.split("/").slice(0, 2).join("/")) ?? name)
        .filter(
          (to) => to !== dir && !allowed[rule(dir)]!.includes(to) && !allowed[rule(dir)]!.includes(rule(to)),
        )
        .map((to) => `${file} imports ${to}`),
    );

    expect(wrong).toEqual([]);
  });

  it("reaches no file outside itself", () => {
    const wrong = sources(dir).flatMap((file) =>
      imported(readFileSync(join(root, dir, "src", file), "utf8"))
        .filter((name) => name.startsWith("."))
        .filter((name) => relative(dir, join(dir, "src", dirname(file), name)).startsWith(".."))
        .map((name) => `${file} imports ${name}`),
    );

    expect(wrong).toEqual([]);
  });

  it("leaves confined libraries to their one module", () => {
    const wrong = sources(dir).flatMap((file) =>
      imported(readFileSync(join(root, dir, "src", file), "utf8"))
        .filter((name) => confined[name] && !confined[name].includes(dir))
        .map((name) => `${file} imports ${name}`),
    );

    expect(wrong).toEqual([]);
  });

  it("declares the packages of ours that it imports", () => {
    const manifest = JSON.parse(readFileSync(join(root, dir, "package.json"), "utf8")) as {
      dependencies?: Record<string, string>;
    };
    const names = sources(dir).flatMap((file) =>
      imported(readFileSync(join(root, dir, "src", file), "utf8"))
        .filter((name) => name.startsWith("@daybook/"))
        .map((name) => name.split("/").slice(0, 2).join("/")),
    );

    expect([...new Set(names)].filter((name) => !(name in (manifest.dependencies ?? {})))).toEqual([]);
  });
});

it("sees an import that its rule forbids", () => {
  expect(
    imported('export * from "@daybook/a";\nawait import("@daybook/b");\nimport type { C } from "./c.ts";'),
  ).toEqual(["@daybook/a", "@daybook/b", "./c.ts"]);
});
