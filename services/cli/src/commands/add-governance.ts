import { type Command, Option } from "commander";
import type { Output } from "../output.ts";
import { collect, roles, ROLES } from "./arguments.ts";
import { ask, askAll } from "./governance.ts";

type Given = Record<string, unknown> & { json?: boolean };

/** `hold`, `dispose`, `scope`, `custodian`, `token`: each act is an audit record before it takes effect. */
export function addGovernance(program: Command, out: (command: Command) => Output): void {
  const body = ({ json: _, ...given }: Given) => given;
  const about = (parent: Command, name: string, argument?: string) => {
    const command = parent.command(name).option("--json");
    return argument === undefined ? command : command.argument(argument);
  };

  const hold = program.command("hold").description("keep records from disposal, whatever their age");
  selecting(about(hold, "add"))
    .requiredOption("--matter <id>")
    .requiredOption("--reason <text>")
    .action((given: Given, command: Command) =>
      ask("post", "/api/v1/holds", { body: named(body(given)) }, out(command)),
    );
  about(hold, "list").action((_given: Given, command: Command) =>
    askAll("/api/v1/holds", "holds", out(command)),
  );
  about(hold, "release", "<id>")
    .option("--reason <text>", "proposes the release")
    .option("--approve", "approves what another person proposed")
    .action((id: string, given: Given, command: Command) =>
      given.approve === true
        ? ask("post", "/api/v1/holds/:id/release/approve", { params: { id } }, out(command))
        : ask(
            "post",
            "/api/v1/holds/:id/release",
            { params: { id }, body: { reason: given.reason } },
            out(command),
          ),
    );

  const dispose = program
    .command("dispose")
    .description("destroy records under authority: one proposes, another approves");
  selecting(about(dispose, "propose"))
    .requiredOption("--reason <text>")
    .requiredOption("--authority <text>", "the disposal authority, by reference")
    .option("--words <words>", "as in search")
    .action((given: Given, command: Command) =>
      ask("post", "/api/v1/disposals", { body: named(body(given), "kind") }, out(command)),
    );
  about(dispose, "list").action((_given: Given, command: Command) =>
    askAll("/api/v1/disposals", "disposals", out(command)),
  );
  about(dispose, "show", "<id>").action((id: string, _given: Given, command: Command) =>
    ask("get", "/api/v1/disposals/:id", { params: { id } }, out(command)),
  );
  about(dispose, "approve", "<id>")
    .requiredOption("--digest <sha256>", "of the list, as `dispose show` tells: it is what you approve")
    .action((id: string, given: Given, command: Command) =>
      ask(
        "post",
        "/api/v1/disposals/:id/approve",
        { params: { id }, body: { digest: given.digest } },
        out(command),
      ),
    );
  about(dispose, "reject", "<id>")
    .requiredOption("--reason <text>")
    .action((id: string, given: Given, command: Command) =>
      ask(
        "post",
        "/api/v1/disposals/:id/reject",
        { params: { id }, body: { reason: given.reason } },
        out(command),
      ),
    );
  about(dispose, "execute", "<id>").action((id: string, _given: Given, command: Command) =>
    ask("post", "/api/v1/disposals/:id/execute", { params: { id } }, out(command)),
  );

  const scope = program.command("scope").description("what capture takes and leaves; default: all");
  about(scope, "list").action((_given: Given, command: Command) =>
    askAll("/api/v1/scope", "rules", out(command)),
  );
  about(scope, "add")
    .addOption(new Option("--effect <effect>").choices(["include", "exclude"]).makeOptionMandatory())
    .requiredOption("--reason <text>")
    .option("--custodian <id>")
    .option("--account <id>")
    .option("--network <network>")
    .option("--conversation <title>", "id or exact title; kept as a keyed hash")
    .option("--from <time>")
    .option("--to <time>")
    .action((given: Given, command: Command) =>
      ask("post", "/api/v1/scope", { body: body(given) }, out(command)),
    );
  about(scope, "end", "<id>")
    .requiredOption("--reason <text>")
    .action((id: string, given: Given, command: Command) =>
      ask("post", "/api/v1/scope/:id/end", { params: { id }, body: { reason: given.reason } }, out(command)),
    );

  const custodian = program.command("custodian").description("people whose messages are kept");
  about(custodian, "list").action((_given: Given, command: Command) =>
    askAll("/api/v1/custodians", "custodians", out(command)),
  );
  about(custodian, "add", "<name>")
    .option("--another", "another person of a name that exists")
    .action((name: string, given: Given, command: Command) =>
      ask("post", "/api/v1/custodians", { body: { name, another: given.another === true } }, out(command)),
    );

  about(custodian, "show", "<id>").action((id: string, _given: Given, command: Command) =>
    ask("get", "/api/v1/custodians/:id", { params: { id } }, out(command)),
  );
  about(custodian, "leave", "<id>")
    .description("accounts and posts end with it; what was captured stays")
    .requiredOption("--reason <text>")
    .option("--to <day>", "exclusive; now, if not given")
    .action((id: string, { to, reason }: Given, command: Command) =>
      ask("post", "/api/v1/custodians/:id/leave", { params: { id }, body: { to, reason } }, out(command)),
    );
  about(custodian, "accounts").action((_given: Given, command: Command) =>
    askAll("/api/v1/accounts", "accounts", out(command)),
  );
  about(custodian, "move-account", "<account>")
    .description("link an account to another custodian, from a time on")
    .requiredOption("--to <custodian>", "name or id")
    .requiredOption("--reason <text>")
    .option("--from <time>", "ISO date, or date and time; now, if not given")
    .action((id: string, { to, from, reason }: Given, command: Command) =>
      ask(
        "post",
        "/api/v1/accounts/:id/move",
        { params: { id }, body: { custodian: to, from, reason } },
        out(command),
      ),
    );
  about(custodian, "end-account", "<account>")
    .description("end an account's link to its custodian")
    .requiredOption("--reason <text>")
    .option("--at <time>", "ISO date, or date and time; now, if not given")
    .action((id: string, { at, reason }: Given, command: Command) =>
      ask("post", "/api/v1/accounts/:id/end", { params: { id }, body: { to: at, reason } }, out(command)),
    );

  const token = program.command("token").description("bearer tokens of people and machines");
  about(token, "list").action((_given: Given, command: Command) =>
    askAll("/api/v1/tokens", "tokens", out(command)),
  );
  about(token, "add")
    .requiredOption("--name <name>", "whose it is")
    .requiredOption("--role <role>", `${ROLES.join(", ")}; may be repeated`, roles)
    .option("--speaks-for <custodian>", "whose messages it may answer; may be repeated", collect)
    .option("--machine", "for a machine instead of a person")
    .option("--expires <time>", "ISO date and time")
    .action((given: Given, command: Command) =>
      ask(
        "post",
        "/api/v1/tokens",
        {
          body: {
            name: given.name,
            roles: given.role,
            custodians: given.speaksFor,
            kind: given.machine === true ? "machine" : "person",
            expiresAt: given.expires ?? null,
          },
        },
        out(command),
      ),
    );
  about(token, "revoke", "<id>").action((id: string, _given: Given, command: Command) =>
    ask("post", "/api/v1/tokens/:id/revoke", { params: { id } }, out(command)),
  );
}

function selecting(command: Command): Command {
  return command
    .option("--custodian <name>")
    .option("--network <network>")
    .option("--conversation <title>")
    .option("--from <date>")
    .option("--to <date>")
    .option("--kind <kind>", "may be repeated", collect)
    .option("--id <record>", "may be repeated", collect);
}

/** Options as the API names them: holds say `kinds`, searches say `kind`. */
function named(
  { id, kind, ...given }: Record<string, unknown>,
  kinds: "kind" | "kinds" = "kinds",
): Record<string, unknown> {
  return {
    ...given,
    ...(id === undefined ? {} : { ids: id }),
    ...(kind === undefined ? {} : { [kinds]: kind }),
  };
}
