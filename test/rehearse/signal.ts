import type { Device, PrimaryDevice } from "@signalapp/mock-server";
import { data, edit } from "../../connectors/signal/test/support/contents.ts";
import { type MockSignal, startMockSignal } from "../../connectors/signal/test/support/mock-signal.ts";
import { befriend } from "../../connectors/signal/test/support/office.ts";
import { until } from "../e2e/support/archive.ts";
import type { Daybook } from "../e2e/support/daybook.ts";
import { exported, linkByCode, type Rehearsed } from "./steps.ts";

const OFFICIAL = "Olivia Sinclair";

/**
 * Signal from end to end, against Signal's own mock server: an official links a phone by the code that `daybook link`
 * shows; messages, an edit, a timer, a delete and an answer are exchanged while the whole server is killed; what is left is
 * a package that verifies.
 *
 * @param say told of each step, in words
 */
export async function rehearseSignal(daybook: Daybook, say: (line: string) => void): Promise<Rehearsed> {
  const mock = await startMockSignal();
  try {
    say("Signal's own mock server is up: nothing of this goes to Signal.");
    const servers = daybook.write("signal-servers.json", describe(mock));
    const up = () => daybook.up("--signal-servers", servers);
    await up();
    const friend = await mock.server.createPrimaryDevice({ profileName: "Fergus Reid" });
    const phone = await mock.server.createPrimaryDevice({ profileName: OFFICIAL, contacts: [friend] });
    const device = await link(daybook, mock, phone);
    await befriend(friend, device);
    say(`${OFFICIAL} has scanned the code that \`daybook link signal\` showed: the phone is linked.`);

    let at = Date.now();
    const says = async (content: Parameters<PrimaryDevice["sendRaw"]>[1]) => {
      at += 1;
      await friend.sendRaw(device, content, { timestamp: at, sealed: true });
      return at;
    };
    const first = await says(data({ body: "Can the ferry sail on Friday?" }));
    await says(edit(first, "Can the ferry sail on Saturday?"));
    await says(data({ expireTimer: 3_600, flags: 2 }));
    const secret = await says(data({ body: "The pilot says no.", expireTimer: 3_600 }));
    say("Fergus wrote, edited what he wrote, set messages to disappear, and wrote again.");
    await daybook.stop("SIGKILL");
    say("The server was killed in the middle of it.");
    const meanwhile = (async () => {
      await says(data({ delete: { targetSentTimestamp: BigInt(secret) } }));
      for (let n = 1; n <= 5; n += 1) await says(data({ body: `While you were away, ${n} of 5.` }));
    })();
    await up();
    await meanwhile;
    say("Fergus deleted a message and wrote five more before it came back.");

    const matter = await daybook.json<{ id: string }>([
      "matter",
      "open",
      "--title",
      "Ferry",
      "--kind",
      "foi",
    ]);
    const search = (...more: string[]) =>
      daybook.json<{ total: number; results: { kind: string; conversation?: { id: string } }[] }>([
        ...["search", ...more, "--network", "signal", "--limit", "100", "--matter", matter.id],
      ]);
    await until("the last message", async () => (await search('"5 of 5"')).total === 1);
    await answer(daybook, phone, friend);
    say("The office answered from Daybook: the answer is on Fergus's phone and on Olivia's.");
    const found = await until("the answer", async () => {
      const { results } = await search("harbour");
      return results.length === 2 && results;
    });

    const conversation = found[0]!.conversation!.id;
    const selection = ["--matter", matter.id, "--conversation", conversation];
    const rehearsed = await exported(daybook, "signal", selection);
    say("The conversation is an evidence package, and it verifies.");
    return rehearsed;
  } finally {
    await daybook.stop();
    await mock.close();
  }
}

/** Links a phone as an official does. */
async function link(daybook: Daybook, mock: MockSignal, phone: PrimaryDevice): Promise<Device> {
  const device = await linkByCode(daybook, "signal", OFFICIAL, async (provisionURL) => {
    const pending = await mock.server.waitForProvision();
    return pending.complete({ provisionURL, primaryDevice: phone });
  });
  await phone.waitForSync(device);
  return device;
}

/** The official's office answers, by a token that speaks for her. */
async function answer(daybook: Daybook, phone: PrimaryDevice, friend: PrimaryDevice): Promise<void> {
  const token = await daybook.json<{ token: string }>([
    ...["token", "add", "--name", "Private office", "--role", "custodian", "--speaks-for", OFFICIAL],
  ]);
  const env = { DAYBOOK_URL: daybook.facts.url, DAYBOOK_TOKEN: token.token };
  const { accounts } = await daybook.json<{ accounts: { id: string }[] }>(["self"], env);
  const text = "The harbour master decides on Thursday.";
  const to = ["--account", accounts[0]!.id, "--conversation", friend.device.aci];
  await until("the answer", async () => (await daybook.run(["send", text, ...to], env)).code === 0);
  const received = await friend.waitForMessage();
  if (received.body !== text) throw new Error("another answer came");
  await phone.waitForSyncMessage(({ syncMessage }) => syncMessage.content?.sent != null);
}

/** Where the mock's servers are, as `--signal-servers` takes it. */
function describe({ servers }: MockSignal): string {
  const { chat, ...others } = servers;
  if (chat === "signal") throw new Error("not a test server");
  const rootCertificate = Buffer.from(chat.rootCertificate).toString("base64");
  return JSON.stringify({ ...others, chat: { port: chat.port, rootCertificate } });
}
