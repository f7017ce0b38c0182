import type { ApiClient } from "@daybook/runtime";
import { z } from "zod";
import { formatMoment } from "../format.ts";
import { page, view } from "../page.ts";
import { unconfirmed } from "../searching/search-answers.ts";
import { NETWORKS } from "../searching/search-form.ts";
import { act, REASON } from "./act.ts";
import { cursor, params, participant, participantList } from "./registry-answers.ts";

const PAGE = 50;
const MANAGE = "participant.manage";

const find = (api: ApiClient, id = "") =>
  api.call("get", "/api/v1/participants/:id", { params: { id }, response: participant });

/** Who it is, and which number or address of theirs, and beyond which time, where it is about one. */
const about = async (api: ApiClient, { id = "", identifier, at }: Readonly<Record<string, string>>) => {
  const { name, identifiers } = await find(api, id);
  const number = identifiers.find((one) => one.id === identifier)?.identifier;
  const parts = [name, number, at === undefined ? undefined : formatMoment(at)];
  return { caption: parts.filter((one) => one !== undefined).join(", "), back: `/participants/${id}` };
};

/** People outside: what networks know them by, so that one search finds them. */
export const participantPages = [
  page({
    method: "get",
    path: "/participants",
    action: "participant.read",
    query: cursor,
    handle: async ({ api, query }) =>
      view("registry/participants", {
        ...(await api.call("get", "/api/v1/participants", {
          query: { limit: PAGE, cursor: query.cursor },
          response: participantList,
        })),
        first: query.cursor === undefined,
      }),
  }),
  ...act({
    key: "add-participant",
    path: "/participants/new",
    action: MANAGE,
    fields: [{ name: "name", type: "text" }, REASON],
    asked: () => Promise.resolve({ back: "/participants" }),
    send: async (api, _, body) => {
      const made = await api.call("post", "/api/v1/participants", {
        body,
        response: z.object({ id: z.uuid() }),
      });
      return `/participants/${made.id}`;
    },
  }),
  page({
    method: "get",
    path: "/participants/:id",
    action: "participant.read",
    params,
    handle: async ({ api, params: { id } }) => {
      const [one, silences] = await Promise.all([
        find(api, id),
        api.call("get", "/api/v1/participants/:id/silences", {
          params: { id },
          response: z.object({ unconfirmed }),
        }),
      ]);
      return view("registry/participant", { one, ...silences });
    },
  }),
  ...act({
    key: "identify-participant",
    path: "/participants/:id/identify",
    action: MANAGE,
    params,
    fields: [
      { name: "network", type: "choice", values: NETWORKS },
      { name: "identifier", type: "text" },
      { name: "from", type: "day", optional: true },
      { name: "to", type: "day", optional: true },
      REASON,
    ],
    asked: about,
    send: async (api, { id = "" }, { from = null, to = null, ...body }) => {
      await api.call("post", "/api/v1/participants/:id/identifiers", {
        params: { id },
        body: { ...body, from, to },
      });
      return undefined;
    },
  }),
  ...act({
    key: "confirm-participant",
    path: "/participants/:id/identifiers/:identifier/confirm/:at",
    action: MANAGE,
    params: z.object({ id: z.uuid(), identifier: z.uuid(), at: z.iso.datetime() }),
    fields: [REASON],
    asked: about,
    send: async (api, { identifier = "", at = "" }, { reason }) => {
      await api.call("post", "/api/v1/participant-identifiers/:id/confirm", {
        params: { id: identifier },
        body: { at, reason },
      });
      return undefined;
    },
  }),
  ...act({
    key: "release-participant",
    path: "/participants/:id/identifiers/:identifier/release",
    action: MANAGE,
    params: z.object({ id: z.uuid(), identifier: z.uuid() }),
    warns: true,
    fields: [{ name: "to", type: "day", optional: true }, REASON],
    asked: about,
    send: async (api, { identifier = "" }, { to = null, reason }) => {
      await api.call("post", "/api/v1/participant-identifiers/:id/release", {
        params: { id: identifier },
        body: { to, reason },
      });
      return undefined;
    },
  }),
];
