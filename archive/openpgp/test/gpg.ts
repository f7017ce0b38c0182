import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const found = spawnSync("gpg", ["--version"], { encoding: "utf8" });

/** `gpg (GnuPG) 2.2.40` and the like; undefined where it is not installed. */
export const gpgVersion = found.status === 0 ? found.stdout.split("\n")[0] : undefined;

export interface GpgResult {
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Stock gpg with a home of its own, under a short path: its agent's socket allows no long one. */
export class Gpg {
  readonly home: string;

  private constructor(home: string) {
    this.home = home;
  }

  static async start(): Promise<Gpg> {
    return new Gpg(await mkdtemp(join(tmpdir(), "g-")));
  }

  /** Runs gpg. @param passphrase given on a descriptor, never as an argument */
  async run(args: string[], input: Uint8Array = Buffer.alloc(0), passphrase = ""): Promise<GpgResult> {
    const gpg = spawn(
      "gpg",
      ["--batch", "--no-tty", "--quiet", "--pinentry-mode", "loopback", "--passphrase-fd", "3", ...args],
      { env: { ...process.env, GNUPGHOME: this.home, LC_ALL: "C" }, stdio: ["pipe", "pipe", "pipe", "pipe"] },
    );
    const [stdin, stdout, stderr, secret] = gpg.stdio as unknown as [
      NodeJS.WritableStream,
      NodeJS.ReadableStream,
      NodeJS.ReadableStream,
      NodeJS.WritableStream,
    ];
    // gpg may stop reading before its input ends.
    for (const stream of [stdin, secret]) stream.on("error", () => undefined);
    secret.end(`${passphrase}\n`);
    stdin.end(input);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    stdout.on("data", (chunk: Buffer) => out.push(chunk));
    stderr.on("data", (chunk: Buffer) => err.push(chunk));
    const status = await new Promise<number | null>((resolve, reject) => {
      gpg.once("error", reject).once("close", resolve);
    });
    return { status, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString() };
  }

  /** What gpg decrypts; fails unless gpg is content. */
  async decrypt(message: Uint8Array, passphrase = "", ...options: string[]): Promise<Buffer> {
    const file = join(this.home, "message.pgp");
    await writeFile(file, message);
    const { status, stdout, stderr } = await this.run([...options, "--decrypt", file], undefined, passphrase);
    if (status !== 0) throw new Error(`gpg exits ${status}: ${stderr}`);
    return stdout;
  }

  /** Has its agent ask again. */
  forgetPassphrases(): void {
    spawnSync("gpgconf", ["--homedir", this.home, "--reload", "gpg-agent"]);
  }

  /** Ends its own agent and removes its home. */
  async stop(): Promise<void> {
    spawnSync("gpgconf", ["--homedir", this.home, "--kill", "all"]);
    await rm(this.home, { recursive: true, force: true });
  }
}
