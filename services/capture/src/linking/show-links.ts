import type { Metrics } from "@daybook/runtime";
import type { LinkingConnector } from "./links.ts";

/** An alert is a label: of no more than this is one made. */
const MAX_ALERT = 64;

/** Shows how linked accounts stand, at each reading of the metrics: how many are how, and never whose. */
export function showLinks(
  connectors: () => readonly Pick<LinkingConnector, "network" | "linker">[],
  metrics: Metrics,
  now: () => Date,
): void {
  const accounts = counting(
    metrics,
    "daybook_link_accounts",
    "Linked accounts by how their link stands",
    "status",
  );
  const alerts = counting(
    metrics,
    "daybook_link_alerts",
    "Linked accounts of which something is to be seen to",
    "alert",
  );
  const down = metrics.gauge(
    "daybook_link_down_seconds",
    "For how long nothing has come through on the account where that is longest; 0 when all are up",
    ["network"],
  );
  const quarantined = metrics.gauge(
    "daybook_link_quarantined",
    "Messages that could not be decrypted and are kept",
    ["network"],
  );
  metrics.onRead(() => {
    for (const { network, linker } of connectors()) {
      const health = linker.health();
      const since = Math.min(
        now().getTime(),
        ...health.flatMap(({ downSince }) => downSince?.getTime() ?? []),
      );
      down.set((now().getTime() - since) / 1_000, { network });
      quarantined.set(
        health.reduce((sum, one) => sum + (one.quarantined ?? 0), 0),
        { network },
      );
      accounts(
        network,
        health.map(({ status }) => status),
      );
      alerts(
        network,
        health.flatMap((one) => one.alerts.map((alert) => alert.slice(0, MAX_ALERT))),
      );
    }
  });
}

/** A gauge of how often each word is there now: 0 for one that is there no more. */
function counting(metrics: Metrics, name: string, about: string, label: string) {
  const gauge = metrics.gauge(name, about, ["network", label]);
  const seen = new Set<string>();
  return (network: string, words: readonly string[]) => {
    for (const word of words) seen.add(word);
    for (const word of seen)
      gauge.set(words.filter((one) => one === word).length, { network, [label]: word });
  };
}
