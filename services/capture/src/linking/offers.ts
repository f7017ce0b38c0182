import type { Method, Network } from "@daybook/contract";
import { ProblemError } from "@daybook/runtime";
import { CaptureError } from "../error.ts";
import type { LinkedConnector, LinkingConnector } from "./links.ts";

/** A network, and how it is captured. */
export type LinkKind = Pick<LinkedConnector, "network" | "method">;

/**
 * The connector that links phones to a network.
 *
 * @param starting those that do not run yet
 * @throws {CaptureError} `unavailable` while it is starting; {ProblemError} `no-connector`
 */
export function linkerFor(
  wanted: { readonly network: Network; readonly method?: Method | undefined },
  connectors: readonly LinkedConnector[],
  starting: readonly LinkKind[],
): LinkingConnector {
  const isMeant = (one: LinkKind) =>
    one.network === wanted.network && one.method === (wanted.method ?? one.method);
  const connector = connectors.find(
    (one): one is LinkingConnector => one.linker !== undefined && isMeant(one),
  );
  if (connector) return connector;
  if (starting.some(isMeant))
    throw new CaptureError("unavailable", "the connector to that network is starting: try again");
  throw new ProblemError(
    409,
    "no-connector",
    "this server does not run a connector that links phones to that network",
  );
}
