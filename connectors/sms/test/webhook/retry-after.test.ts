import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { FakeApi, json } from "../../../../test/fakes/fake-api.ts";
import { byProvider } from "../../src/webhook/sending/by-provider.ts";
import { outbound } from "../support/outbound.ts";
import { ACCOUNT, PUBLIC, TOKEN } from "./support/names.ts";

/** Answers when it is told to. */
class SlowApi extends FakeApi {
  readonly asked: ServerResponse[] = [];

  static start(): Promise<SlowApi> {
    return new SlowApi().listen();
  }

  protected override answer(_url: URL, _of: { request: IncomingMessage }, response: ServerResponse): void {
    this.asked.push(response);
  }
}

let api: SlowApi;
beforeEach(async () => (api = await SlowApi.start()));
afterEach(() => api.close());

it("keeps away for as long as a provider asked, though a message that left before is taken then", async () => {
  const carrier = byProvider(
    {
      ...{ provider: "twilio", name: "twilio", url: `${PUBLIC}/twilio`, accountSid: ACCOUNT },
      ...{ authTokens: () => [TOKEN], apiUrl: api.url, reconciles: false },
    },
    { state: { write: () => Promise.resolve() }, now: () => new Date() },
  );
  const leaving = () => {
    const parts = carrier?.partsOf(outbound(), undefined);
    return typeof parts === "object" ? parts[0]?.() : undefined;
  };
  const sent = [leaving(), leaving()].map((leave) => leave!());
  while (api.asked.length < 2) await sleep(1);

  json(api.asked[1]!, 429, {}, { "retry-after": "60" });
  expect(await Promise.race(sent)).toMatchObject({ judged: { state: "again", isThrottled: true } });
  json(api.asked[0]!, 201, { sid: `SM${"1".repeat(32)}`, status: "queued" });
  await Promise.all(sent);
  expect(leaving()).toBeUndefined();
});
