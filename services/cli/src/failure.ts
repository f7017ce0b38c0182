import { ProblemError, RuntimeError } from "@daybook/runtime/client";
import { VerifyError } from "@daybook/verify/error";
import { CommanderError } from "commander";
import { CliError } from "./error.ts";
import { printable } from "./output.ts";

/** Of what the API says of a field, what tells people nothing. */
const WORDS: Readonly<Record<string, string>> = {
  "Invalid UUID": "an id is wanted, as lists and answers have it",
};

/** What a failed command says on stderr, in one line, and its exit code: 1 refused or failed, 2 bad usage. */
export function errorLine(error: unknown): { line: string; exitCode: number } {
  if (error instanceof CommanderError) return { line: "", exitCode: error.exitCode === 0 ? 0 : 2 };
  if (error instanceof CliError) return { line: oneLine(error.message), exitCode: error.exitCode };
  if (error instanceof ProblemError) {
    const fields = error.fields
      .map(({ path, problem }) => `${path}: ${WORDS[problem] ?? problem}`)
      .join("; ");
    return { line: oneLine(fields === "" ? error.message : `${error.message} (${fields})`), exitCode: 1 };
  }
  if (error instanceof RuntimeError || error instanceof VerifyError) {
    return { line: oneLine(error.message), exitCode: 1 };
  }
  if (error instanceof Error && "code" in error && typeof error.code === "string") {
    if (error.code === "EADDRINUSE") return { line: taken(error), exitCode: 1 };
    const path = "path" in error && typeof error.path === "string" ? ` (${oneLine(error.path)})` : "";
    return { line: `the system answered ${error.code}${path}: check permissions and room`, exitCode: 1 };
  }
  // The stack begins with the message, which may say anything.
  const where =
    error instanceof Error
      ? (error.stack ?? "")
          .replace(error.message, "")
          .split("\n")
          .find((line) => /^ {4}at /.test(line))
      : undefined;
  return {
    line: `something went wrong that should not: ${error instanceof Error ? error.name : "unknown"} ${where?.trim() ?? ""}`,
    exitCode: 1,
  };
}

/** Of the system's error where another process has an address. */
function taken(error: Error): string {
  const { address = "", port = "" } = error as { address?: unknown; port?: unknown };
  const at = oneLine(`${String(address)}:${String(port)}`);
  return `cannot listen on ${at}: something else listens there: stop it, or choose another port`;
}

function oneLine(text: string): string {
  return printable(text).replaceAll("\n", " ");
}
