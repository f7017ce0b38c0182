import type { Command } from "commander";
import type { Output } from "../output.ts";
import { collect, roles, ROLES } from "./arguments.ts";
import { ask, askAll } from "./governance.ts";

type Given = Record<string, unknown> & { role?: string[]; custodian?: string[] };

/** `people`: who may sign in at the console. The first of a deployment is invited with the owner's token. */
export function addPeople(program: Command, out: (command: Command) => Output): void {
  const people = program.command("people").description("who may sign in at the console, and as what");
  const about = (name: string, argument?: string) => {
    const command = people.command(name).option("--json");
    return argument === undefined ? command : command.argument(argument);
  };
  const rights = (command: Command) =>
    command
      .requiredOption("--role <role>", `${ROLES.join(", ")}; may be repeated`, roles)
      .option("--custodian <id>", "whose messages are theirs; may be repeated", collect);
  const body = ({ role, custodian }: Given) => ({ roles: role, custodians: custodian });

  about("list").action((_given: Given, command: Command) =>
    askAll("/api/v1/persons", "persons", out(command)),
  );
  rights(about("invite", "<name>"))
    .description("add a person: the answer has a link by which they make a passkey, good once, for 72 hours")
    .action((name: string, given: Given, command: Command) =>
      ask("post", "/api/v1/persons", { body: { name, ...body(given) } }, out(command)),
    );
  about("link", "<id>")
    .description("another such link: earlier ones are void")
    .action((id: string, _given: Given, command: Command) =>
      ask("post", "/api/v1/persons/:id/invitation", { params: { id } }, out(command)),
    );
  rights(about("change", "<id>"))
    .description("what they may do, from their next request on")
    .action((id: string, given: Given, command: Command) =>
      ask("post", "/api/v1/persons/:id/change", { params: { id }, body: body(given) }, out(command)),
    );
  about("identify", "<id>")
    .description("they sign in with the organisation's directory from now on")
    .requiredOption("--subject <subject>", "what the directory calls them")
    .action((id: string, { subject }: Given, command: Command) =>
      ask("post", "/api/v1/persons/:id/identity", { params: { id }, body: { subject } }, out(command)),
    );
  about("end", "<id>")
    .description("end their access at once: sessions, tokens, passkeys and links")
    .action((id: string, _given: Given, command: Command) =>
      ask("post", "/api/v1/persons/:id/end", { params: { id } }, out(command)),
    );
}
