import { messages, NUMBER, text } from "./fixtures/payloads.ts";
import { APP, CONNECTED, type Office, openOffice } from "./support/office.ts";

const HOUR_MS = 3_600_000;

let office: Office;
let at: number;
const now = () => new Date(at);
beforeEach(async () => {
  at = Date.now();
  office = await openOffice({ now, beatMs: 2, askEveryMs: 5 });
});
afterEach(() => office.close());

const health = () => office.connector.health()[0]!;
/** Resolves once it is so; the connector looks by itself. */
async function until(is: () => boolean): Promise<void> {
  while (!is()) await new Promise((resolve) => setTimeout(resolve, 2));
}
const hear = (id = "wamid.in-1") =>
  office.receive(messages(text("A", { id, timestamp: String(Math.floor(at / 1_000)) })));

describe("what Meta answers", () => {
  beforeEach(() => hear());

  it("tells of a token that ran out before it is needed, and of the next", async () => {
    office.api.accessToken = "another";
    await until(() => health().status === "token-refused");
    expect(health().problem).toContain("access token");
    office = await office.restart({ askEveryMs: HOUR_MS, graphUrl: "http://127.0.0.1:9/v25.0" });
    expect(health()).toMatchObject({ status: "token-refused", alerts: ["token-refused"] });
    office.api.accessToken = APP.accessToken;
    office = await office.restart({ graphUrl: office.api.url });
    await until(() => health().status === "live");
  });

  it.each([
    [{ status: "BANNED" }, "banned", "number-banned"],
    [{ status: "DELETED" }, "removed", "number-not-registered"],
    [{ status: "FLAGGED" }, "needs-attention", "number-limited"],
    [{ quality_rating: "RED" }, "needs-attention", "quality-low"],
  ])("tells that the number is %j, until it is not", async (how, status, code) => {
    office.api.numbers.set(NUMBER, { ...CONNECTED, ...how });
    await until(() => health().status === status);
    expect(health().alerts).toEqual([code]);
    office.api.numbers.set(NUMBER, CONNECTED);
    await until(() => health().status === "live");
  });

  it("tells of a number that Meta does not know", async () => {
    office.api.numbers.clear();
    await until(() => health().alerts.includes("number-unknown"));
    expect(health().status).toBe("needs-attention");
  });

  it("tells that nobody answers, once it has been so for a while", async () => {
    const url = office.api.url;
    office = await office.restart({ graphUrl: "http://127.0.0.1:9/v25.0" });
    await until(() => health().alerts.includes("graph-unreached"));
    office = await office.restart({ graphUrl: url });
    await until(() => health().status === "live");
  });
});

describe("silence", () => {
  /** So long passes, while the process listens. */
  async function listen(ms: number): Promise<void> {
    at += ms;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const usually = async () => {
    for (let day = 0; day < 4; day += 1) {
      await hear(`wamid.day-${day}`);
      await listen(24 * HOUR_MS);
    }
    await hear("wamid.last");
  };

  it("is told of a number that usually hears, over a restart, until it hears", async () => {
    await usually();
    await listen(71 * HOUR_MS);
    expect(health().status).toBe("live");
    office = await office.restart();
    await listen(HOUR_MS);
    expect(health()).toMatchObject({
      status: "needs-attention",
      alerts: ["silent"],
      problem: expect.stringContaining("72 hours") as unknown,
    });
    await hear("wamid.again");
    expect(health()).toMatchObject({ status: "live", alerts: [] });
  });

  it("counts what was listened alone: nobody hears while the process is down", async () => {
    await usually();
    await listen(71 * HOUR_MS);
    office = await office.restart({ now: () => new Date(at + 200 * HOUR_MS) });
    await listen(0);
    expect(health().alerts).toEqual([]);
    await listen(HOUR_MS);
    expect(health().alerts).toEqual(["silent"]);
  });

  it("is nothing for a number that hears seldom", async () => {
    await hear();
    await listen(400 * HOUR_MS);
    expect(health()).toMatchObject({ status: "live", alerts: [] });
  });

  it("is as long as it is set", async () => {
    office = await office.restart({ quietMs: HOUR_MS });
    await usually();
    await listen(HOUR_MS);
    expect(health().alerts).toEqual(["silent"]);
  });
});
