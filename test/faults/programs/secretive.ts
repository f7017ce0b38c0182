// Keeps a word in its memory, says `ready`, and waits; hardened or not, as its first argument says. Its second argument
// `full` has it fill its heap until it dies of that.
import { hardenProcess } from "@daybook/runtime";

if (process.argv[2] === "hardened") hardenProcess();
const kept = [Buffer.from("quetzalcoatlus").toString()];
process.stdout.write("ready\n");
if (process.argv[3] === "full") {
  for (;;) kept.push(`${kept.length} ${"quetzalcoatlus ".repeat(100)}`.toUpperCase());
}
setInterval(() => kept.length, 60_000);
