import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Smsc } from "../../../test/fakes/smsc.ts";
import { STATUS } from "../src/smpp/index.ts";
import { message, words } from "./fixtures/pdus.ts";
import { ACCOUNT, CUSTODIAN, openOffice } from "./support/office.ts";

async function until(is: () => boolean): Promise<void> {
  while (!is()) await sleep(2);
}

describe("the link to an aggregator", () => {
  it("says how it stands, and records when it was live and down", async () => {
    const office = await openOffice({ beatMs: 3_600_000 });
    const { smsc, connector, sink } = office;
    await until(() => connector.health()[0]?.status === "live");
    expect(connector.health()).toEqual([
      { account: ACCOUNT, custodian: CUSTODIAN, status: "live", alerts: [] },
    ]);

    smsc.bindStatus = STATUS.invalidPassword;
    smsc.drop();
    await until(() => connector.health()[0]?.status === "refused");
    expect(connector.health()[0]).toMatchObject({ problem: expect.stringContaining("password") as string });
    smsc.bindStatus = STATUS.ok;
    await until(() => connector.health()[0]?.status === "live");
    await office.close();

    const covered = sink.captured.flatMap(({ event }) => event.coverage ?? []);
    expect(covered.map(({ state }) => state)).toEqual(expect.arrayContaining(["live", "down"]));
    // Without a hole.
    for (const [n, { from }] of covered.entries()) if (n > 0) expect(from).toBe(covered[n - 1]!.to);
  });

  it("ends a session that does not answer, and binds again", async () => {
    const { smsc } = await openOffice({ settleMs: 5, enquireMs: 10, answerMs: 1_000 });
    await smsc.bound();
    smsc.isSilent = true;
    await smsc.boundTimes(2);
    smsc.isSilent = false;
    expect(await smsc.deliver(message(words("Here")))).toBe(STATUS.ok);
  });

  it("goes on to try a host that never answers the bind, and hears the other", async () => {
    const deaf = createServer((socket) => void socket.on("error", () => undefined).resume()).listen(
      0,
      "127.0.0.1",
    );
    const smsc = await Smsc.start();
    const hosts = [
      { host: "127.0.0.1", port: (deaf.address() as AddressInfo).port },
      { host: "127.0.0.1", port: smsc.port },
    ];
    const { connector, heard, close } = await openOffice({ smsc, smpp: { hosts }, answerMs: 1_000 });
    await smsc.store(message(words("Over the other")));
    expect((await heard(1))[0]?.event.text).toBe("Over the other");
    expect(connector.health()[0]).toMatchObject({ status: "live", alerts: ["one-host-down"] });
    await close();
    await new Promise((resolve) => deaf.close(resolve));
  });
});
