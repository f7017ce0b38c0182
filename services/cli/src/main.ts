import { createProgram } from "./program.ts";

const stopping = new AbortController();
// The second signal is for a person who does not want to wait.
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(name, () => (stopping.signal.aborted ? process.exit(1) : stopping.abort()));
}

// Whoever read the output has gone (`| head`): what is being done goes on.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

try {
  await createProgram(process.env, stopping.signal).parseAsync(process.argv);
} catch (error) {
  const { errorLine } = await import("./failure.ts");
  const { line, exitCode } = errorLine(error);
  if (line !== "") process.stderr.write(`daybook: ${line}\n`);
  process.exitCode = exitCode;
}
