// A Mac's agent as a process of its own, over the database at its second argument: it enrols in the directory of its first at
// the server of its third, and hands over what there is and comes.
import { enrolMacAgent, runMacAgent } from "@daybook/imessage";

const [dir = "", database = "", url = ""] = process.argv.slice(2);
const none = () => undefined;
const home = { dir, key: Buffer.alloc(32, 7) };
const { signal } = new AbortController();
await enrolMacAgent({ ...home, code: "CODE", server: { url } }, signal);
await runMacAgent({ ...home, database, log: { info: none, warn: none, error: none } }, signal);
