import { method, network } from "@daybook/contract";
import { ProblemError, type Route, route } from "@daybook/runtime";
import { z } from "zod";
import type { DeviceChanges } from "./device-changes.ts";
import type { LinkedConnector, Links } from "./links.ts";
import { type LinkKind, linkerFor } from "./offers.ts";
import { question, shownQuestion } from "./question-routes.ts";
import { linkState, shownState } from "./shown-link.ts";

const id = z.strictObject({ id: z.uuid() });

const health = z.object({
  network,
  method,
  account: z.string(),
  custodian: z.object({ id: z.string(), name: z.string() }),
  status: z.string(),
  problem: z.string().nullable(),
  alerts: z.array(z.string()),
  linkedAt: z.string().nullable(),
  downSince: z.string().nullable().describe("Since when nothing comes through; null while it does"),
  agent: z
    .object({
      id: z.uuid(),
      heardAt: z.string().nullable(),
      waiting: z.int().nullable().describe("Entries that it said wait on the device, when it was heard last"),
    })
    .nullable()
    .describe("Of an agent on a device: which it is"),
  questions: z
    .array(question)
    .nullable()
    .describe("Changes of device that nobody has confirmed; null while that cannot be looked up"),
});

/** Linking officials' phones over the API: begin, show the code that is told, ask how far it is. */
export function linkRoutes(
  links: Links,
  connectors: () => readonly LinkedConnector[],
  starting: () => readonly LinkKind[],
  devices: Pick<DeviceChanges, "questions">,
): Route[] {
  return [
    route({
      method: "post",
      path: "/api/v1/links",
      action: "connector.manage",
      summary: "Begin to link a custodian's phone; answers with a link, which tells the code to show",
      status: 202,
      body: z.object({
        network,
        method: method.optional().describe("How it is captured, where a network has several ways"),
        custodian: z.string().trim().min(1).max(512).describe("Name or id; made where there is none"),
      }),
      response: id,
      async handle({ principal, body }) {
        const connector = linkerFor(body, connectors(), starting());
        return { id: await links.begin(connector, body.custodian, principal.id) };
      },
    }),
    route({
      method: "get",
      path: "/api/v1/links/:id",
      action: "connector.manage",
      summary: "The code to show now, or what came of a link",
      params: id,
      response: linkState,
      handle({ params }) {
        const found = links.get(params.id);
        if (!found)
          throw new ProblemError(404, "not-found", "no such link since the server started: begin again");
        return Promise.resolve(shownState(found));
      },
    }),
    route({
      method: "delete",
      path: "/api/v1/links/:id",
      action: "connector.manage",
      summary: "Show a code no more",
      params: id,
      handle({ params }) {
        links.cancel(params.id);
        return Promise.resolve(undefined);
      },
    }),
    route({
      method: "get",
      path: "/api/v1/links",
      action: "status.read",
      summary: "How the link of each account of this process stands",
      response: z.object({ accounts: z.array(health) }),
      async handle() {
        const accounts: z.input<typeof health>[] = [];
        for (const connector of connectors()) {
          for (const one of connector.health()) {
            const { account, custodian, status, problem, alerts, link, downSince, agent } = one;
            accounts.push({
              network: connector.network,
              method: connector.method,
              account,
              custodian,
              status,
              problem: problem ?? null,
              alerts: [...alerts],
              linkedAt: link?.since.toISOString() ?? null,
              downSince: downSince?.toISOString() ?? null,
              agent: agent
                ? {
                    id: agent.id,
                    heardAt: agent.heardAt?.toISOString() ?? null,
                    waiting: agent.waiting ?? null,
                  }
                : null,
              // How links stand is told while the database is away too.
              questions: await devices.questions(connector, one).then(
                (open) => open.map(shownQuestion),
                () => null,
              ),
            });
          }
        }
        return { accounts };
      },
    }),
  ];
}
