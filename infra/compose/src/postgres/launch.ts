import { type ChildProcess, spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import type { Account } from "./account.ts";

/** How programs are started on this machine. */
export interface Launcher {
  /**
   * Starts a program as `as`, or as this process runs. It dies with this process where the system can do that
   * (Linux with setpriv of util-linux), and is in a session of its own, so that Ctrl-C at the terminal does not
   * reach it before its clients have finished.
   *
   * @param fds file descriptors that it has as 0, 1, 2, ...
   */
  start(
    program: string,
    args: readonly string[],
    fds: readonly Stdio[],
    as: Account | undefined,
  ): ChildProcess;
  /** Runs a program to its end. */
  run(
    program: string,
    args: readonly string[],
    options: { as: Account | undefined; fds?: readonly Stdio[] },
  ): Promise<{ ok: boolean; output: string }>;
}

type Stdio = number | "ignore" | "pipe";

// Nothing of ours: the environment may hold a token or a passphrase.
const ENVIRONMENT = { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", TZ: "UTC", LC_ALL: "C" };

/** Finds out whether `setpriv` is there and can do what is asked of it. */
export async function createLauncher(): Promise<Launcher> {
  const plain = launcher(false);
  if (process.platform !== "linux") return plain;
  const { ok } = await plain.run("setpriv", ["--no-new-privs", "--pdeathsig", "INT", "true"], {
    as: undefined,
  });
  return ok ? launcher(true) : plain;
}

function launcher(setpriv: boolean): Launcher {
  const start: Launcher["start"] = (program, args, fds, as) => {
    const options = { stdio: [...fds], detached: true, cwd: "/", env: ENVIRONMENT };
    if (!setpriv) return spawn(program, args, { ...options, ...(as ?? {}) });
    const drop = as ? [`--reuid=${as.uid}`, `--regid=${as.gid}`, "--clear-groups"] : [];
    const before = [...drop, "--no-new-privs", "--pdeathsig", "INT", "--"];
    return spawn("setpriv", [...before, program, ...args], options);
  };
  return {
    start,
    run: async (program, args, { as, fds = [] }) => {
      const child = start(program, args, ["ignore", "pipe", "pipe", ...fds], as);
      const ended = new Promise<boolean>((resolve) => {
        child.once("error", () => resolve(false));
        child.once("close", (code) => resolve(code === 0));
      });
      const read = (stream: NodeJS.ReadableStream | null) => (stream ? text(stream).catch(() => "") : "");
      const [ok, out, err] = await Promise.all([ended, read(child.stdout), read(child.stderr)]);
      return { ok, output: out + err };
    },
  };
}
