import { ArchiveError } from "@daybook/archive-core";
import { ComposeError } from "@daybook/compose";
import { ProblemError, RuntimeError } from "@daybook/runtime";
import { CommanderError } from "commander";
import { CliError } from "../src/error.ts";
import { errorLine } from "../src/failure.ts";
import { ourError } from "../src/our-error.ts";

describe("a failure's line", () => {
  it("exits with 1 for a refusal and 2 for bad usage", () => {
    expect(errorLine(new CliError("say which"))).toEqual({ line: "say which", exitCode: 1 });
    expect(errorLine(new CliError("say which", { exitCode: 2 })).exitCode).toBe(2);
    expect(errorLine(new CommanderError(1, "commander.unknownOption", "x"))).toEqual({
      line: "",
      exitCode: 2,
    });
    expect(errorLine(new CommanderError(0, "commander.help", "x")).exitCode).toBe(0);
    expect(errorLine(new RuntimeError("invalid-configuration", "set A\nand B"))).toEqual({
      line: "set A and B",
      exitCode: 1,
    });
  });

  it("names a problem's fields, on one line that a terminal can show", () => {
    const problem = new ProblemError(422, "invalid", "not\nvalid\u001b[2J", {
      fields: [{ in: "query", path: "from", problem: "not a\ndate" }],
    });
    expect(errorLine(problem)).toEqual({ line: "not valid\ufffd[2J (from: not a date)", exitCode: 1 });
    const named = new ProblemError(400, "invalid", "not valid", {
      fields: [{ in: "query", path: "matter", problem: "Invalid UUID" }],
    });
    expect(errorLine(named).line).toBe("not valid (matter: an id is wanted, as lists and answers have it)");
  });

  it("names a system error's code and path but not its message, on one line", () => {
    const error = Object.assign(new Error("secret"), { code: "EACCES", path: "/a\nb" });
    expect(errorLine(error)).toEqual({
      line: "the system answered EACCES (/a b): check permissions and room",
      exitCode: 1,
    });
  });

  it("says what to do where an address is taken", () => {
    const error = Object.assign(new Error("secret"), {
      ...{ code: "EADDRINUSE", syscall: "listen", address: "127.0.0.1", port: 2525 },
    });
    expect(errorLine(error).line).toBe(
      "cannot listen on 127.0.0.1:2525: something else listens there: stop it, or choose another port",
    );
  });

  it.each(["secret", "a secret at noon", "one\n    at secret (x:1:1)\nthree", ""])(
    "says where an unknown error arose, without its message: %j",
    (message) => {
      const { line, exitCode } = errorLine(new TypeError(message));
      expect(exitCode).toBe(1);
      expect(line).toContain("TypeError at ");
      expect(line).toContain("failure.test");
      expect(line).not.toContain("secret");
      expect(line).not.toContain("\n");
    },
  );

  it("does not show what was thrown that is no error", () => {
    for (const thrown of ["secret", { message: "secret" }, undefined, null]) {
      expect(errorLine(thrown).line).toMatch(/unknown/);
      expect(errorLine(thrown).line).not.toContain("secret");
    }
  });
});

describe("what stops a machine", () => {
  it("is said in a service's own words, and its cause is kept", () => {
    for (const error of [
      new ArchiveError("store-full", "make room"),
      new ComposeError("home-unusable", "make room"),
    ]) {
      const said = ourError(error);
      expect(errorLine(said)).toEqual({ line: "make room", exitCode: 1 });
      expect((said as Error).cause).toBe(error);
    }
  });

  it("stays as it is when it is not Daybook's own", () => {
    const error = new TypeError("secret");
    expect(ourError(error)).toBe(error);
    expect(ourError("secret")).toBe("secret");
  });
});
