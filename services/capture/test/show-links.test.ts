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
  const linker = { health: () => health, link: () => [] as never };
  showLinks(
    () => [{ network: "signal", linker }],
    metrics,
    () => at(10),
  );
  const read = () =>
    metrics
      .render()
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));

  expect(read()).toEqual([
    'daybook_link_accounts{network="signal",status="live"} 1',
    'daybook_link_accounts{network="signal",status="backing-off"} 2',
    'daybook_link_alerts{network="signal",alert="down-3-days"} 1',
    'daybook_link_alerts{network="signal",alert="idle-primary-device"} 1',
    'daybook_link_down_seconds{network="signal"} 28800',
    'daybook_link_quarantined{network="signal"} 2',
  ]);
  health = [one({})];
  expect(read()).toEqual([
    'daybook_link_accounts{network="signal",status="live"} 1',
    'daybook_link_accounts{network="signal",status="backing-off"} 0',
    'daybook_link_alerts{network="signal",alert="down-3-days"} 0',
    'daybook_link_alerts{network="signal",alert="idle-primary-device"} 0',
    'daybook_link_down_seconds{network="signal"} 0',
    'daybook_link_quarantined{network="signal"} 0',
  ]);
});
