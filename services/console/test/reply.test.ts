import { network, type Network } from "@daybook/contract";
import { route } from "@daybook/runtime";
import { z } from "zod";
import { consoleOver, type TestConsole } from "../testing/index.ts";

const account = (n: number, of: Network, method: string, identifier: string | null) => ({
  id: `3b241101-e2bb-4255-8caf-4136c566a96${n}`,
  network: of,
  method,
  identifier,
});
const ACCOUNTS = [
  account(1, "sms", "carrier", "+447700900123"),
  account(2, "sms", "device-agent", "+447700900124"),
  account(3, "sms", "export", null),
  account(4, "email", "journal", "olivia@example.gov.uk"),
  account(5, "email", "copied", "olivia@example.net"),
];

let served: TestConsole;
let conversation: Network;
beforeAll(async () => {
  const of = {
    action: "self.content",
    method: "get",
    summary: "Made-up answers",
    response: z.json(),
  } as const;
  served = await consoleOver({
    routes: [
      route({
        ...of,
        path: "/api/v1/self/conversations/:key/thread",
        params: z.object({ key: z.string() }),
        query: z.object({ limit: z.string() }),
        handle: () =>
          Promise.resolve({ conversation: { key: "-12", id: "c", network: conversation, title: "Ferry" } }),
      }),
      route({ ...of, path: "/api/v1/self/accounts", handle: () => Promise.resolve({ accounts: ACCOUNTS }) }),
    ],
  });
});
afterAll(() => served.close());

async function answering(): Promise<{ accounts: (string | undefined)[]; words: string }> {
  const { $ } = await served.browser(["custodian"]).get("/my/conversations/-12/reply");
  const accounts = $('input[name="account"]')
    .map((_, one) => $(one).attr("value"))
    .get();
  return { accounts, words: $("main").text() };
}

it("lets those accounts answer that a connector may send from", async () => {
  conversation = "sms";
  expect((await answering()).accounts).toEqual([ACCOUNTS[0]?.id]);
});

it.each(network.options.filter((one) => one !== "sms"))(
  "lets none answer on %s, and says why",
  async (one) => {
    conversation = one;
    const { accounts, words } = await answering();
    expect(accounts).toEqual([]);
    expect(words).toContain("None of your accounts can answer here.");
  },
);
