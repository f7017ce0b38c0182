import { method, network, party } from "@daybook/contract";
import { type Principal, ProblemError, type Route, route } from "@daybook/runtime";
import { z } from "zod";
import type { Registry } from "../ports.ts";
import type { LinkedConnector, Links } from "./links.ts";
import { type LinkKind, linkerFor } from "./offers.ts";
import { linkState, shownState } from "./shown-link.ts";

const id = z.strictObject({ id: z.uuid() });

/** How a link stands, in a word that means the same on every network. */
const STANDING = ["working", "waiting", "starting", "interrupted", "relink", "attention"] as const;
type Standing = (typeof STANDING)[number];

const STANDINGS: Readonly<Record<string, Standing>> = {
  live: "working",
  waiting: "waiting",
  connecting: "starting",
  "catching-up": "starting",
  "backing-off": "interrupted",
  unlinked: "relink",
};

const kind = z.strictObject({ network, method });

const ownLink = z.strictObject({
  network,
  method,
  account: z.string(),
  custodian: party,
  standing: z
    .enum(STANDING)
    .describe(
      "`waiting`: it listens, and nothing has come since the start; `interrupted` heals by itself; `relink`: the official links again; `attention`: an administrator acts",
    ),
  status: z.string().describe("The connector's own word"),
  problem: z.string().nullable().describe("What stands in the way, in words"),
  alerts: z.array(z.string()),
  linkedAt: z.string().nullable(),
  downSince: z.string().nullable(),
});

export interface SelfLinksDeps {
  readonly links: Links;
  readonly registry: Pick<Registry, "find">;
  readonly connectors: () => readonly LinkedConnector[];
  readonly starting: () => readonly LinkKind[];
}

/** Linking over the API for officials themselves, and whoever speaks for them: their own phones, and nobody else's. */
export function selfLinkRoutes({ links, registry, connectors, starting }: SelfLinksDeps): Route[] {
  /** Whoever began it, while they may still speak for whom it is for. */
  const own = (link: string, principal: Principal) => {
    const found = links.open(link);
    if (found?.actor !== principal.id || !speaksFor(principal, found.custodian.id))
      throw new ProblemError(404, "not-found", "no such link of yours since the server started: begin again");
    return found;
  };
  return [
    route({
      method: "post",
      path: "/api/v1/self/links",
      action: "self.link",
      summary: "Begin to link a phone of your own; answers with a link, which tells the code to show",
      status: 202,
      body: z.object({
        network,
        method: method.optional().describe("How it is captured, where a network has several ways"),
        custodian: z.uuid().optional().describe("For whom: needed only by who speaks for several"),
      }),
      response: id,
      async handle({ principal, body }) {
        const custodian = await registry.find(theirs(principal, body.custodian));
        if (!custodian) throw notTheirs();
        const connector = linkerFor(body, connectors(), starting());
        return { id: await links.begin(connector, custodian.id, principal.id) };
      },
    }),
    route({
      method: "get",
      path: "/api/v1/self/links/:id",
      action: "self.link",
      summary: "The code to show now, or what came of a link that you began",
      params: id,
      response: z.strictObject({ network, method, custodian: party, state: linkState }),
      handle({ principal, params }) {
        const { connector, custodian, state } = own(params.id, principal);
        return Promise.resolve({
          network: connector.network,
          method: connector.method,
          custodian,
          state: shownState(state),
        });
      },
    }),
    route({
      method: "delete",
      path: "/api/v1/self/links/:id",
      action: "self.link",
      summary: "Show a code no more",
      params: id,
      handle({ principal, params }) {
        own(params.id, principal);
        links.cancel(params.id);
        return Promise.resolve(undefined);
      },
    }),
    route({
      method: "get",
      path: "/api/v1/self/links",
      action: "self.link",
      summary: "How the links of your own accounts stand, and which apps can be linked here",
      response: z.strictObject({
        accounts: z.array(ownLink),
        offers: z.array(kind).describe("What can be linked, or can be once its connector has started"),
      }),
      handle({ principal }) {
        const accounts = connectors().flatMap((connector) =>
          connector
            .health()
            .filter(({ custodian }) => speaksFor(principal, custodian.id))
            .map((health) => ({
              network: connector.network,
              method: connector.method,
              account: health.account,
              custodian: health.custodian,
              standing: STANDINGS[health.status] ?? "attention",
              status: health.status,
              problem: health.problem ?? null,
              alerts: [...health.alerts],
              linkedAt: health.link?.since.toISOString() ?? null,
              downSince: health.downSince?.toISOString() ?? null,
            })),
        );
        const offers = [...connectors().filter(({ linker }) => linker), ...starting()].map((one) => ({
          network: one.network,
          method: one.method,
        }));
        return Promise.resolve({ accounts, offers });
      },
    }),
  ];
}

function speaksFor({ custodians = [] }: Principal, custodian: string): boolean {
  return custodians.includes(custodian);
}

/** Of those for whom they speak. @throws {ProblemError} `no-such-custodian`, `which-custodian` */
function theirs({ custodians = [] }: Principal, named: string | undefined): string {
  if (named !== undefined) {
    if (custodians.includes(named)) return named;
    throw notTheirs();
  }
  const [only, ...others] = custodians;
  if (only === undefined) throw notTheirs();
  if (others.length > 0)
    throw new ProblemError(422, "which-custodian", "you speak for several people: name one of them");
  return only;
}

function notTheirs(): ProblemError {
  return new ProblemError(
    404,
    "no-such-custodian",
    "you speak for no such person: an administrator can change that",
  );
}
