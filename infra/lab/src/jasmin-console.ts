import { connect } from "node:net";

const PROMPT = /(?:Session ref: \d+\s+|jcli : |> )$/;
const REFUSAL = /unknown|error|failed|invalid|incorrect|must/i;

/**
 * Types lines into Jasmin's console, each once it waits for the next.
 *
 * @throws {Error} for a line that it does not take, with what it said
 */
export async function tellJasmin(port: number, lines: readonly string[]): Promise<void> {
  const socket = connect(port, "127.0.0.1").setEncoding("utf8");
  let said = "";
  let told = -1;
  for await (const text of socket as AsyncIterable<string>) {
    said += text;
    if (!PROMPT.test(said)) continue;
    if (told >= 0 && REFUSAL.test(said))
      throw new Error(`Jasmin does not take "${lines[told] ?? ""}": ${said.trim().slice(0, 500)}`);
    said = "";
    told += 1;
    const line = lines[told];
    // Leaving the loop ends the connection.
    if (line === undefined) return;
    socket.write(`${line}\r\n`);
  }
  throw new Error("Jasmin's console ended");
}
