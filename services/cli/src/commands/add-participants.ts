import type { Command } from "commander";
import type { Output } from "../output.ts";
import { ask, askAll } from "./governance.ts";

type Given = Record<string, unknown> & { json?: boolean };

/** `participant`: people outside, whom a search finds over all networks. */
export function addParticipants(program: Command, out: (command: Command) => Output): void {
  const participant = program
    .command("participant")
    .description("people outside, and by what each network knew them when");
  const about = (name: string, argument?: string) => {
    const command = participant.command(name).option("--json");
    return argument === undefined ? command : command.argument(argument);
  };
  const body = ({ json: _, ...given }: Given) => given;

  about("list").action((_given: Given, command: Command) =>
    askAll("/api/v1/participants", "participants", out(command)),
  );
  about("show", "<id>").action((id: string, _given: Given, command: Command) =>
    ask("get", "/api/v1/participants/:id", { params: { id } }, out(command)),
  );
  about("silences", "<id>")
    .description(
      "numbers of theirs that were silent for more than 90 days: whose they are beyond it nobody has said",
    )
    .action((id: string, _given: Given, command: Command) =>
      ask("get", "/api/v1/participants/:id/silences", { params: { id } }, out(command)),
    );
  about("add", "<name>")
    .requiredOption("--reason <text>")
    .action((name: string, given: Given, command: Command) =>
      ask("post", "/api/v1/participants", { body: { name, ...body(given) } }, out(command)),
    );
  about("identify", "<id>")
    .description("a number or address was theirs on a network; a day is a day where the body is")
    .requiredOption("--network <network>")
    .requiredOption(
      "--identifier <text>",
      "a number with its country, an address, or what the network writes",
    )
    .option("--from <day>", "of old, unless given")
    .option("--to <day>", "exclusive; until further notice, unless given")
    .requiredOption("--reason <text>", "how you know")
    .action((id: string, given: Given, command: Command) =>
      ask(
        "post",
        "/api/v1/participants/:id/identifiers",
        { params: { id }, body: body(given) },
        out(command),
      ),
    );
  about("confirm", "<identifier>")
    .description("a number was theirs at a time too, though it was silent for more than 90 days in between")
    .requiredOption("--at <time>", "a day or an instant, as `silences` names it")
    .requiredOption("--reason <text>", "how you know")
    .action((id: string, given: Given, command: Command) =>
      ask(
        "post",
        "/api/v1/participant-identifiers/:id/confirm",
        { params: { id }, body: body(given) },
        out(command),
      ),
    );
  about("release", "<identifier>")
    .description("a number or address is theirs no more, or never was")
    .option("--to <day>", "from when on; it never was, unless given")
    .requiredOption("--reason <text>")
    .action((id: string, given: Given, command: Command) =>
      ask(
        "post",
        "/api/v1/participant-identifiers/:id/release",
        { params: { id }, body: body(given) },
        out(command),
      ),
    );
}
