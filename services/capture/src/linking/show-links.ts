import type { Metrics } from "@daybook/runtime";
import type { LinkedConnector } from "./links.ts";

/** An alert is a label: of no more than this is one made. */
const MAX_ALERT = 64;

/** Shows how linked accounts stand, at each reading of the metrics: how many are how, and never whose. */
export function showLinks(
  connectors: () => readonly Pick<LinkedConnector, "network" | "method" | "health">[],
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
    ["network", "method"],
  );
  const quarantined = metrics.gauge(
    "daybook_link_quarantined",
    "Messages that could not be decrypted and are kept",
    ["network", "method"],
  );
  const stopped = metrics.gauge(
    "daybook_link_stopped",
    "Messages of the last 30 days that the network stopped on their way, and that nothing told of",
    ["network", "method", "status"],
  );
  metrics.onRead(() => {
    for (const connector of connectors()) {
      const { network, method } = connector;
      const health = connector.health();
      const since = Math.min(
        now().getTime(),
        ...health.flatMap(({ downSince }) => downSince?.getTime() ?? []),
      );
      down.set((now().getTime() - since) / 1_000, { network, method });
      quarantined.set(
        health.reduce((sum, one) => sum + (one.quarantined ?? 0), 0),
        { network, method },
      );
      for (const status of ["failed", "quarantined"] as const)
        if (health.some((one) => one.stopped))
          stopped.set(
            health.reduce((sum, one) => sum + (one.stopped?.[status] ?? 0), 0),
            { network, method, status },
          );
      accounts(
        { network, method },
        health.map(({ status }) => status),
      );
      alerts(
        { network, method },
        health.flatMap((one) => one.alerts.map((alert) => alert.slice(0, MAX_ALERT))),
      );
    }
  });
}

/** A gauge of how often each word is there now: 0 for one that is there no more. */
function counting(metrics: Metrics, name: string, about: string, label: string) {
  const gauge = metrics.gauge(name, about, ["network", "method", label]);
  const seen = new Map<string, Set<string>>();
  return (of: Pick<LinkedConnector, "network" | "method">, words: readonly string[]) => {
    const place = JSON.stringify(of);
    const known = new Set([...(seen.get(place) ?? []), ...words]);
    seen.set(place, known);
    for (const word of known) gauge.set(words.filter((one) => one === word).length, { ...of, [label]: word });
  };
}
