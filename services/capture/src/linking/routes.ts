import { network } from "@daybook/contract";
import { ProblemError, type Route, route } from "@daybook/runtime";
import { z } from "zod";
import type { DeviceChanges } from "./device-changes.ts";
import type { LinkingConnector, Links, LinkState } from "./links.ts";
import { question, shownQuestion } from "./question-routes.ts";

const id = z.strictObject({ id: z.uuid() });

const state = z.discriminatedUnion("step", [
  z.strictObject({ step: z.literal("starting") }),
  z.strictObject({ step: z.literal("show"), url: z.string(), expiresAt: z.string() }),
  z.strictObject({ step: z.literal("linking") }),
  z.strictObject({ step: z.literal("linked"), account: z.string(), again: z.boolean() }),
  z.strictObject({ step: z.literal("failed"), why: z.string() }),
]);

const health = z.object({
  network,
  account: z.string(),
  custodian: z.object({ id: z.string(), name: z.string() }),
  status: z.string(),
  problem: z.string().nullable(),
  alerts: z.array(z.string()),
  linkedAt: z.string().nullable(),
  questions: z
    .array(question)
    .nullable()
    .describe("Changes of device that nobody has confirmed; null while that cannot be looked up"),
});

/** Linking officials' phones over the API: begin, show the code that is told, ask how far it is. */
export function linkRoutes(
  links: Links,
  connectors: () => readonly LinkingConnector[],
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
        custodian: z.string().trim().min(1).max(512).describe("Name or id; made where there is none"),
      }),
      response: id,
      async handle({ principal, body }) {
        const connector = connectors().find((one) => one.network === body.network);
        if (!connector)
          throw new ProblemError(
            409,
            "no-connector",
            "this server does not run a connector that links phones to that network",
          );
        return { id: await links.begin(connector, body.custodian, principal.id) };
      },
    }),
    route({
      method: "get",
      path: "/api/v1/links/:id",
      action: "connector.manage",
      summary: "The code to show now, or what came of a link",
      params: id,
      response: state,
      handle({ params }) {
        const found = links.get(params.id);
        if (!found)
          throw new ProblemError(404, "not-found", "no such link since the server started: begin again");
        return Promise.resolve(shown(found));
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
      summary: "How each linked account of this process stands",
      response: z.object({ accounts: z.array(health) }),
      async handle() {
        const accounts: z.input<typeof health>[] = [];
        for (const connector of connectors()) {
          for (const one of connector.linker.health()) {
            const { account, custodian, status, problem, alerts, link } = one;
            accounts.push({
              network: connector.network,
              account,
              custodian,
              status,
              problem: problem ?? null,
              alerts: [...alerts],
              linkedAt: link?.since.toISOString() ?? null,
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

function shown(found: LinkState): z.input<typeof state> {
  return found.step === "show" ? { ...found, expiresAt: found.expiresAt.toISOString() } : found;
}
