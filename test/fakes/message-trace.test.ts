import { MessageTraceApi } from "./message-trace.ts";

const NOON = Date.parse("2026-03-04T12:00:00Z");
const PATH = "/v1.0/admin/exchange/tracing/messageTraces";
const DAY = "receivedDateTime ge 2026-03-03T00:00:00Z and receivedDateTime le 2026-03-04T00:00:00Z";

interface Answered {
  readonly value: readonly { readonly messageId: string; readonly receivedDateTime: string }[];
  readonly "@odata.nextLink"?: string;
}

let api: MessageTraceApi;
beforeEach(async () => {
  api = await MessageTraceApi.start();
  api.now = () => NOON;
});
afterEach(() => api.close());

async function token(
  secret = api.directory.clientSecret,
): Promise<{ status: number; authorization: string }> {
  const body = new URLSearchParams({
    ...{ grant_type: "client_credentials", scope: `${api.url}/.default` },
    ...{ client_id: api.directory.clientId, client_secret: secret },
  });
  const response = await fetch(`${api.url}/${api.directory.tenant}/oauth2/v2.0/token`, {
    method: "POST",
    body,
  });
  const { access_token: value = "" } = (await response.json()) as { access_token?: string };
  return { status: response.status, authorization: `Bearer ${value}` };
}

async function ask(parameters: Record<string, string>, authorization?: string) {
  const url = `${api.url}${PATH}?${new URLSearchParams(parameters).toString()}`;
  const headers = { authorization: authorization ?? (await token()).authorization };
  const response = await fetch(url, { headers });
  return { status: response.status, response, answer: (await response.json()) as Answered };
}

const has = (at: string, more: Partial<Parameters<MessageTraceApi["has"]>[0]> = {}) =>
  api.has({ messageId: `<${at}@example.org>`, receivedDateTime: new Date(at), ...more });

describe("the message trace of a tenant, as documented", () => {
  it("has rows of both bounds and between, of an address that is asked for, newest first, once they are listed", async () => {
    has("2026-03-02T23:59:59Z");
    has("2026-03-03T00:00:00Z");
    has("2026-03-04T00:00:00Z");
    has("2026-03-03T10:00:00Z", { recipientAddress: "Bo@example.gov.uk" });
    has("2026-03-03T11:00:00Z", { listedAt: new Date(NOON + 1) });
    const { answer } = await ask({ $filter: DAY });
    expect(answer.value.map(({ receivedDateTime }) => receivedDateTime)).toEqual([
      ...["2026-03-04T00:00:00Z", "2026-03-03T10:00:00Z", "2026-03-03T00:00:00Z"],
    ]);
    const { answer: of } = await ask({ $filter: `${DAY} and recipientAddress eq 'bo@example.gov.uk'` });
    expect(of.value).toMatchObject([{ messageId: "<2026-03-03T10:00:00Z@example.org>" }]);
  });

  it("comes a page at a time, by a link", async () => {
    for (const hour of ["01", "02", "03"]) has(`2026-03-03T${hour}:00:00Z`);
    const { answer } = await ask({ $filter: DAY, $top: "2" });
    expect(answer.value).toHaveLength(2);
    const next = new URL(answer["@odata.nextLink"] ?? "");
    const { answer: rest } = await ask(Object.fromEntries(next.searchParams));
    expect(rest.value).toMatchObject([{ receivedDateTime: "2026-03-03T01:00:00Z" }]);
    expect(rest).not.toHaveProperty("@odata.nextLink");
  });

  it.each([
    ["of one bound alone", { $filter: "receivedDateTime ge 2026-03-03T00:00:00Z" }],
    ["of more than ten days", { $filter: DAY.replace("2026-03-03", "2026-02-20") }],
    ["of another property", { $filter: "subject eq 'Ferry'" }],
    ["that ends in the future", { $filter: DAY.replace("2026-03-04", "2026-03-05") }],
    ["of too many on a page", { $filter: DAY, $top: "5001" }],
  ])("refuses a question %s", async (_, parameters) => {
    expect((await ask(parameters)).status).toBe(400);
  });

  it("takes a token while it is good, of an application that an administrator let in", async () => {
    expect((await token("another")).status).toBe(401);
    const { authorization } = await token();
    expect((await ask({ $filter: DAY }, authorization)).status).toBe(200);
    api.isConsented = false;
    expect((await ask({ $filter: DAY }, authorization)).status).toBe(403);
    api.isConsented = true;
    api.directory.revoke();
    expect((await ask({ $filter: DAY }, authorization)).status).toBe(401);
  });

  it("takes so many requests in five minutes, and says when to come again", async () => {
    api.requestsInFiveMinutes = 1;
    expect((await ask({ $filter: DAY })).status).toBe(200);
    const { status, response } = await ask({ $filter: DAY });
    expect([status, response.headers.get("retry-after")]).toEqual([429, "1"]);
  });

  it("fails as it is told to, in that order", async () => {
    api.faults.push({ status: 503, retryAfterSeconds: 2 }, "lost", "cut");
    const { status, response } = await ask({ $filter: DAY });
    expect([status, response.headers.get("retry-after")]).toEqual([503, "2"]);
    for (let n = 0; n < 2; n += 1) await expect(ask({ $filter: DAY })).rejects.toThrow();
    expect((await ask({ $filter: DAY })).status).toBe(200);
  });
});
