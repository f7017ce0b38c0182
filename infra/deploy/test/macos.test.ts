import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { load } from "cheerio";
import { createProgram } from "../../../services/cli/src/program.ts";

const MACOS = join(import.meta.dirname, "../macos");

type Plist = string | number | boolean | Plist[] | { [key: string]: Plist };

/** A property list of XML, as Apple writes them. @throws {Error} for anything else */
function plistOf(name: string): Record<string, Plist> {
  const $ = load(readFileSync(join(MACOS, name), "utf8"), { xml: true });
  const valueOf = (at: ReturnType<typeof $>): Plist => {
    const children = at
      .children()
      .toArray()
      .map((one) => $(one));
    switch (at.prop("tagName")?.toLowerCase()) {
      case "dict": {
        const pairs: [string, Plist][] = [];
        for (let i = 0; i < children.length; i += 2) {
          if (children[i]!.prop("tagName")?.toLowerCase() !== "key") throw new Error(`no key in ${name}`);
          pairs.push([children[i]!.text(), valueOf(children[i + 1]!)]);
        }
        return Object.fromEntries(pairs);
      }
      case "array":
        return children.map(valueOf);
      case "string":
        return at.text();
      case "integer":
        return Number(at.text());
      case "true":
        return true;
      case "false":
        return false;
      default:
        throw new Error(`${name} has something that is no property list`);
    }
  };
  const [root, ...others] = $("plist").children().toArray();
  if (!root || others.length > 0) throw new Error(`${name} is no property list`);
  return valueOf($(root)) as Record<string, Plist>;
}

it("starts a command that there is, with options that it takes, again and again, in the user's session", () => {
  const agent = plistOf("example.daybook.agent.plist");
  const [node, program, ...args] = agent.ProgramArguments as string[];
  expect(node).toBe("/usr/local/daybook/bin/node");
  expect(program).toMatch(/services\/cli\/bin\/daybook\.js$/);
  const named = createProgram({}, new AbortController().signal)
    .commands.find((one) => one.name() === args[0])
    ?.commands.find((one) => one.name() === args[1]);
  const options = named?.options.map(({ long }) => long) ?? [];
  expect(args.slice(2).filter((one) => one.startsWith("--") && !options.includes(one))).toEqual([]);
  expect(agent).toMatchObject({
    KeepAlive: true,
    RunAtLoad: true,
    LimitLoadToSessionType: "Aqua",
    Umask: 0o77,
  });
});

it("asks MDM for the disk for the Node of the command alone", () => {
  const agent = plistOf("example.daybook.agent.plist");
  const profile = plistOf("daybook-agent.mobileconfig");
  const [payload, ...others] = profile.PayloadContent as { [key: string]: Plist }[];
  expect(others).toEqual([]);
  expect(payload).toMatchObject({
    PayloadType: "com.apple.TCC.configuration-profile-policy",
    Services: {
      SystemPolicyAllFiles: [
        {
          Identifier: (agent.ProgramArguments as string[])[0]!,
          IdentifierType: "path",
          Authorization: "Allow",
        },
      ],
    },
  });
  expect(Object.keys(payload!.Services as object)).toEqual(["SystemPolicyAllFiles"]);
});

it.each(["agent-key", "wake-messages"])("may run %s", (name) => {
  expect(statSync(join(MACOS, name)).mode & 0o111).not.toBe(0);
});
