import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { apiClient } from "@daybook/runtime";
import { codePoint } from "@daybook/contract/testing";
import fc from "fast-check";
import { type Draft, refusalOf } from "../src/policy/hook.ts";
import { markingsHook } from "../src/policy/markings.ts";
import { quietHoursHook } from "../src/policy/quiet-hours.ts";
import { remoteHook } from "../src/policy/remote.ts";

const draft = (text: string): Draft => ({
  id: "i",
  account: "a",
  network: "signal",
  custodian: { id: "c", name: "Isla" },
  conversation: "k",
  text,
  by: { id: "b", name: "Office" },
});

describe("markings", () => {
  const hook = markingsHook(["SECRET", "TOP SECRET", "OFFICIAL-SENSITIVE"]);

  it.each([
    "OFFICIAL-SENSITIVE",
    "a OFFICIAL - SENSITIVE b",
    "OFFICIAL\u2013SENSITIVE",
    "(TOP SECRET)",
    "SECRET:",
    "TOP\nSECRET",
  ])("are found in %j", (text) => {
    expect(hook.refusal(draft(text))).toBeDefined();
  });

  it.each(["OFFICIAL", "secret", "SECRETARY", "UNSECRET", "official-sensitive", ""])(
    "are not seen in %j",
    (text) => {
      expect(hook.refusal(draft(text))).toBeUndefined();
    },
  );

  it("names the longest that fits", () => {
    expect(hook.refusal(draft("TOP SECRET"))).toContain("TOP SECRET");
  });

  it("takes any words for a marking, as they are", () => {
    fc.assert(
      fc.property(
        fc
          .string({ minLength: 1, maxLength: 20, unit: codePoint })
          .filter((s) => s.trim() === s && !/[\s-]/.test(s)),
        (marking) => {
          expect(markingsHook([marking]).refusal(draft(`a ${marking} b`))).toBeDefined();
        },
      ),
    );
  });
});

describe("quiet hours", () => {
  const OVER_NIGHT = { from: "21:00", until: "08:00", zone: "Europe/London" };
  const AT_NOON = { from: "12:00", until: "13:00", zone: "Europe/London" };

  it.each([
    // An hour ahead in summer.
    [OVER_NIGHT, "2026-07-01T19:59:59Z", false],
    [OVER_NIGHT, "2026-07-01T20:00:00Z", true],
    [OVER_NIGHT, "2026-07-01T06:59:59Z", true],
    [OVER_NIGHT, "2026-07-01T07:00:00Z", false],
    [OVER_NIGHT, "2026-01-01T20:59:00Z", false],
    [OVER_NIGHT, "2026-01-01T00:00:00Z", true],
    [AT_NOON, "2026-01-01T12:59:59Z", true],
    [AT_NOON, "2026-01-01T13:00:00Z", false],
  ])("of %j are at %s: %s, for text messages alone", (hours, at, isQuiet) => {
    const hook = quietHoursHook(hours, () => new Date(at));
    const said = hook.refusal({ ...draft("Hello"), network: "sms" });
    if (isQuiet) expect(said).toContain(`from ${hours.from} to ${hours.until} (Europe/London)`);
    else expect(said).toBeUndefined();
    expect(hook.refusal(draft("Hello"))).toBeUndefined();
  });
});

describe("the organisation's own policy service", () => {
  async function answering(status: number, answer: string) {
    const bodies: string[] = [];
    const server = createServer((request, response) => {
      request.setEncoding("utf8").on("data", (chunk: string) => bodies.push(chunk));
      request.on("end", () => response.writeHead(status, { "content-type": "application/json" }).end(answer));
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const client = apiClient({
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/policy`,
      token: "t",
    });
    const refusal = await refusalOf(draft("hello"), [remoteHook(client)]);
    client.close();
    server.close();
    return { refusal, asked: JSON.parse(bodies.join("")) as unknown };
  }

  it("is given the draft, and lets it pass", async () => {
    const { refusal, asked } = await answering(200, '{"allow":true}');

    expect(refusal).toBeUndefined();
    expect(asked).toEqual({
      network: "signal",
      custodian: { id: "c", name: "Isla" },
      conversation: "k",
      text: "hello",
      by: { id: "b", name: "Office" },
    });
  });

  it("says why not", async () => {
    expect((await answering(200, '{"allow":false,"why":"not from a private number"}')).refusal).toEqual({
      hook: "remote",
      why: "not from a private number",
    });
  });

  it.each([
    [500, "{}"],
    [200, "{}"],
    [200, '{"allow":"yes"}'],
    [200, '{"allow":false}'],
    [200, "not JSON"],
    [204, ""],
  ])("refuses by answering %i %j", async (status, answer) => {
    expect((await answering(status, answer)).refusal).toMatchObject({ hook: "remote" });
  });
});
