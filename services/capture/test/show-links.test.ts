import type { LinkHealth } from "@daybook/contract";
import { Metrics } from "@daybook/runtime";
import { showLinks } from "../src/linking/show-links.ts";

const at = (hours: number) => new Date(Date.UTC(2026, 0, 1, hours));
const one = (over: Partial<LinkHealth>): LinkHealth => ({
  account: "an account's id",
  custodian: { id: "c", name: "Olivia" },
  status: "live",
  alerts: [],
  ...over,
});

it("shows how many accounts are how, for how long the worst was down, and nobody's name", () => {
  const metrics = new Metrics();
  let health = [
    one({}),
    one({ status: "backing-off", downSince: at(2), alerts: ["down-3-days"] }),
    one({ status: "backing-off", downSince: at(4), quarantined: 2, alerts: ["idle-primary-device"] }),
  ];
  showLinks(
    () => [{ network: "signal", method: "linked-device", health: () => health }],
    metrics,
    () => at(10),
  );
  const read = () =>
    metrics
      .render()
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));

  expect(read()).toEqual([
    'daybook_link_accounts{network="signal",method="linked-device",status="live"} 1',
    'daybook_link_accounts{network="signal",method="linked-device",status="backing-off"} 2',
    'daybook_link_alerts{network="signal",method="linked-device",alert="down-3-days"} 1',
    'daybook_link_alerts{network="signal",method="linked-device",alert="idle-primary-device"} 1',
    'daybook_link_down_seconds{network="signal",method="linked-device"} 28800',
    'daybook_link_quarantined{network="signal",method="linked-device"} 2',
  ]);
  health = [one({})];
  expect(read()).toEqual([
    'daybook_link_accounts{network="signal",method="linked-device",status="live"} 1',
    'daybook_link_accounts{network="signal",method="linked-device",status="backing-off"} 0',
    'daybook_link_alerts{network="signal",method="linked-device",alert="down-3-days"} 0',
    'daybook_link_alerts{network="signal",method="linked-device",alert="idle-primary-device"} 0',
    'daybook_link_down_seconds{network="signal",method="linked-device"} 0',
    'daybook_link_quarantined{network="signal",method="linked-device"} 0',
  ]);
});

it("shows by status what a network stopped on its way, where that is known", () => {
  const metrics = new Metrics();
  const some = { stopped: { failed: 2, quarantined: 1 } };
  showLinks(
    () => [{ network: "email", method: "journal", health: () => [one(some), one(some), one({})] }],
    metrics,
    () => at(10),
  );
  const lines = metrics.render().split("\n");

  expect(lines.filter((line) => line.startsWith("daybook_link_stopped"))).toEqual([
    'daybook_link_stopped{network="email",method="journal",status="failed"} 4',
    'daybook_link_stopped{network="email",method="journal",status="quarantined"} 2',
  ]);
});

it("tells two ways of capturing one network apart", () => {
  const metrics = new Metrics();
  showLinks(
    () => [
      { network: "whatsapp", method: "business-api", health: () => [one({ status: "banned" })] },
      { network: "whatsapp", method: "linked-device", health: () => [one({}), one({})] },
    ],
    metrics,
    () => at(10),
  );
  const lines = metrics.render().split("\n");

  expect(lines.filter((line) => line.startsWith("daybook_link_accounts"))).toEqual([
    'daybook_link_accounts{network="whatsapp",method="business-api",status="banned"} 1',
    'daybook_link_accounts{network="whatsapp",method="linked-device",status="live"} 2',
  ]);
});
