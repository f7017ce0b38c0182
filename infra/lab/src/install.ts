import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheDirectory, cachedProgram } from "./cache.ts";

/** A program that the lab builds from source, in one pinned version. */
export interface GoProgram {
  /** Of the file in the cache's `bin`. */
  readonly name: string;
  readonly package: string;
  readonly version: string;
}

export const GO_PROGRAMS: readonly GoProgram[] = [
  { name: "toxiproxy-server", package: "github.com/Shopify/toxiproxy/v2/cmd/server", version: "v2.5.0" },
  { name: "versitygw", package: "github.com/versity/versitygw/cmd/versitygw", version: "v1.8.0" },
  {
    name: "minio",
    package: "github.com/minio/minio",
    version: "v0.0.0-20260212201848-7aac2a2c5b7c",
  },
  { name: "litewitness", package: "filippo.io/torchwood/cmd/litewitness", version: "v0.6.1" },
  // Checkers of what is deployed: the chart's own tool, and the parser of compose files.
  { name: "helm", package: "helm.sh/helm/v3/cmd/helm", version: "v3.19.0" },
  { name: "compose-check", package: "github.com/compose-spec/compose-go/v2/cmd", version: "v2.16.2" },
];

/** How an installation is told what to do, and by whom to be stopped. */
export interface Installing {
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

/**
 * Builds a program into the lab's cache, which takes minutes the first time. It appears there whole or not at all,
 * and is not built again in the same version: may be repeated.
 *
 * @returns whether it had to be built
 * @throws {Error} which says what is missing
 */
export async function installGoProgram(
  program: GoProgram,
  { env = process.env, signal }: Installing = {},
): Promise<boolean> {
  const cache = cacheDirectory(env);
  const bin = join(cache, "bin");
  const marker = join(bin, `${program.name}.version`);
  const wanted = `${program.package}@${program.version}`;
  const found = await readFile(marker, "utf8").catch(() => "");
  if (found.trim() === wanted && cachedProgram(program.name, env)) return false;

  await mkdir(bin, { recursive: true });
  const building = await mkdtemp(join(cache, "building-"));
  try {
    await goInstall(wanted, building, cache, env, signal);
    const [built] = await readdir(building);
    if (built === undefined) throw new Error("go install made no program: is GOOS or GOARCH set? unset it");
    // The marker goes first and comes back last, so that it never names a version that is not there.
    await rm(marker, { force: true });
    await rename(join(building, built), join(bin, program.name));
    await writeFile(marker, `${wanted}\n`);
    return true;
  } finally {
    await rm(building, { recursive: true, force: true });
  }
}

async function goInstall(
  wanted: string,
  target: string,
  cache: string,
  env: NodeJS.ProcessEnv,
  signal?: AbortSignal,
): Promise<void> {
  const child = spawn("go", ["install", wanted], {
    cwd: target,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...env,
      GOBIN: target,
      GOPATH: join(cache, "go"),
      GOCACHE: join(cache, "go-build"),
      GOTOOLCHAIN: "local",
      GOFLAGS: "-modcacherw",
    },
    ...(signal && { signal }),
  });
  const lines: string[] = [];
  const listen = (bytes: Buffer) => {
    lines.push(...String(bytes).split("\n"));
    lines.splice(0, lines.length - KEPT_LINES);
  };
  child.stdout.on("data", listen);
  child.stderr.on("data", listen);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", (err: NodeJS.ErrnoException) => {
      reject(err.code === "ENOENT" ? new Error("go is missing: install Go 1.25 or later") : err);
    });
    child.once("close", resolve);
  });
  if (code !== 0) throw new Error(whatIsMissing(lines));
}

const KEPT_LINES = 20;
/** Up to the end of the line, and so without the address that was asked for, which is long. */
const NO_NETWORK = /(proxyconnect|dial tcp|lookup \S+ on|no such host|i\/o timeout|connection refused).*/;
const OLD_GO = /requires go *>?=? *[\d.]+|invalid go version/i;

function whatIsMissing(lines: readonly string[]): string {
  const said = lines.filter((line) => line.trim() !== "" && !line.startsWith("go: downloading"));
  const last = said.at(-1) ?? "nothing was said";
  const offline = said.map((line) => NO_NETWORK.exec(line)?.[0]).find(Boolean);
  if (offline) return `the network is missing, or GOPROXY is wrong: ${offline}`;
  const old = said.find((line) => OLD_GO.test(line));
  if (old) return `a newer Go is missing: ${old}`;
  return `go install failed: ${last}`;
}
