import { until } from "../e2e/support/archive.ts";
import type { Daybook } from "../e2e/support/daybook.ts";
import {
  attachment,
  chat,
  ciphertext,
  edit,
  groupChange,
  ME,
  reaction,
  revoke,
  text,
  WhatsAppWebServer,
} from "../fakes/whatsapp-web/index.ts";
import { OfficialNumber } from "./official-number.ts";
import { exported, linkByCode, type Rehearsed } from "./steps.ts";

const OFFICIAL = "Olivia Sinclair";
const FERGUS = "15550002000@c.us";
const MAIRI = "15550003000@c.us";
const GROUP = "120363000000000001@g.us";
const PHOTO = Buffer.from("a photo of the pier, made up");
/** The phone alone may show it, so that no linked device ever has it. */
const VIEW_ONCE = "view_once_unavailable_fanout";

/**
 * An official's own WhatsApp from end to end, against a fake web.whatsapp.com with the real library and a real Chromium: she
 * links her phone by the code that `daybook link` shows; a chat and a group go on while the network is lost, and while the
 * whole server is killed. Beside it an official number, by a fake of Meta's Cloud API. What is left is a package of both that
 * verifies.
 *
 * @param say told of each step, in words
 */
export async function rehearseWhatsApp(daybook: Daybook, say: (line: string) => void): Promise<Rehearsed> {
  const server = await WhatsAppWebServer.start();
  const number = await OfficialNumber.start(daybook, "Harbour Office");
  try {
    say("A fake web.whatsapp.com and a fake of Meta's Cloud API are up: nothing of this goes to WhatsApp.");
    const led = server.chromiumArgs.map((one) => `--chromium-arg=${one}`);
    const up = () => daybook.up("--whatsapp-web", ...led, "--whatsapp-business", number.file);
    await up();
    await linkByCode(daybook, "whatsapp", OFFICIAL, (url) => server.scan(url));
    await untilStatus(daybook, ["live"]);
    say(`${OFFICIAL} has scanned the code that \`daybook link whatsapp\` showed: the phone is linked.`);
    const { id: matter } = await daybook.json<{ id: string }>([
      ...["matter", "open", "--title", "Ferry", "--kind", "foi"],
    ]);
    const found = (words: string) => foundIn(daybook, matter, words);

    converse(server);
    await number.hear("Does the harbour office know when we sail?");
    say(
      "Fergus wrote, edited, deleted, reacted and sent photos, one to view once, in a chat of the two and in a group.",
    );
    await until("what was said", async () => (await found("harbour")) === 2);
    await until("the photo", async () => (await foundIn(daybook, matter, "attachment", "notice")) === 1);

    server.behaviour.accepts = false;
    server.dropLine();
    await untilStatus(daybook, ["backing-off", "connecting"]);
    for (let n = 1; n <= 5; n += 1) server.deliver(text({ from: FERGUS }, `In the storm, ${n} of 5`));
    server.behaviour.accepts = true;
    await until("what came without a network", async () => (await found("storm")) === 5);
    await untilStatus(daybook, ["live"]);
    say("The network was lost, and five messages came meanwhile: they are on record.");

    const promised = server.deliver(text({ from: FERGUS }, "The pilot promises to sail."));
    const warned = server.deliver(text({ from: FERGUS }, "Tell nobody of the lightship."));
    await until("what was said before the kill", async () => (await found("lightship")) === 1);
    await daybook.stop("SIGKILL");
    say("The server was killed in the middle of a conversation.");
    server.deliver(edit(promised, "The pilot refuses to sail."));
    server.deliver(revoke(warned));
    for (let n = 1; n <= 5; n += 1)
      server.deliver(text({ chat: GROUP, from: FERGUS }, `While you were away, ${n} of 5`));
    const heard = number.hear("We sail, though you were away.");
    await up();
    await heard;
    await until("what came while it was down", async () => (await found("away")) === 6);
    await untilStatus(daybook, ["live"]);
    say(
      "Before it came back Fergus edited a message, deleted another and wrote five more, and Meta tried again: all is on record.",
    );

    const { sent, seen, presence } = server.asked;
    if (sent.length + seen.length + presence.filter(Boolean).length > 0)
      throw new Error("WhatsApp saw more of Daybook than that it listens");
    say("WhatsApp saw nothing of it: nothing was sent, nothing marked as read, nobody shown as online.");
    const rehearsed = await exported(daybook, "whatsapp", ["--matter", matter, "--network", "whatsapp"]);
    say("The conversations are an evidence package, and it verifies.");
    return rehearsed;
  } finally {
    await daybook.stop();
    await server.stop();
    await number.close();
  }
}

/** What is said before anything goes wrong. The last message is of the harbour. */
function converse(server: WhatsAppWebServer): void {
  const asked = server.deliver(text({ from: FERGUS }, "Can the ferry sail on Friday?"));
  server.deliver(edit(asked, "Can the ferry sail on Saturday?"));
  server.deliver(text({ chat: FERGUS, fromMe: true }, "I will ask the pilot."));
  const said = server.deliver(text({ from: FERGUS }, "Between us: the pilot is ill."));
  server.deliver(reaction(said, FERGUS, "😷"));
  server.deliver(revoke(said));
  server.deliver(ciphertext({ from: FERGUS }, VIEW_ONCE));
  server.deliver(attachment({ from: FERGUS }, server.media.add("image", PHOTO), { caption: "The pier" }));

  const participants = [FERGUS, ME.phone, MAIRI].map((id) => ({ id, isAdmin: id === FERGUS }));
  server.deliver(chat({ id: GROUP, name: "Ferries", participants }));
  const added = { recipients: [MAIRI] };
  server.deliver(groupChange({ chat: GROUP, from: FERGUS }, "add", added));
  const agreed = server.deliver(text({ chat: GROUP, from: FERGUS }, "Saturday it is, all agreed."));
  server.deliver(edit(agreed, "Saturday it is, unless it storms."));
  server.deliver(text({ chat: GROUP, fromMe: true }, "Agreed: I tell the harbour master."));
}

/** How many are found. */
async function foundIn(daybook: Daybook, matter: string, words: string, kind = "message"): Promise<number> {
  const { results } = await daybook.json<{ results: { kind: string }[] }>([
    ...["search", words, "--network", "whatsapp", "--limit", "100", "--matter", matter],
  ]);
  return results.filter((one) => one.kind === kind).length;
}

async function untilStatus(daybook: Daybook, statuses: readonly string[]): Promise<void> {
  await until(`a link that is ${statuses.join(" or ")}`, async () => {
    const { accounts } = await daybook.json<{ accounts: { method: string; status: string }[] }>([
      "link",
      "list",
    ]);
    return accounts.some(({ method, status }) => method === "linked-device" && statuses.includes(status));
  });
}
