import { pipeline } from "node:stream/promises";
import { type ApiClient, ProblemError } from "@daybook/runtime";
import type { Response } from "express";
import { z } from "zod";
import { matter } from "../matters/matter-answers.ts";
import { type Answer, page, redirect, view } from "../page.ts";
import { type Exported, exported, exportList, savedSearch } from "./export-answers.ts";
import { askedFor, exportForm, FORMATS, MAX_KEY_BYTES, NETWORKS, OF, ofSearch } from "./export-form.ts";

const PAGE = 50;
const params = z.object({ id: z.uuid() });
const both = z.object({ id: z.uuid(), export: z.uuid() });
const total = z.object({ total: z.number() });

const matterOf = (api: ApiClient, id: string) =>
  api.call("get", "/api/v1/matters/:id", { params: { id }, response: matter });

/** An export of this matter. @throws {ProblemError} 404 */
async function exportOf(api: ApiClient, { id, export: one }: z.infer<typeof both>): Promise<Exported> {
  const found = await api.call("get", "/api/v1/exports/:id", { params: { id: one }, response: exported });
  if (found.matter === id) return found;
  throw new ProblemError(404, "no-such-export", "no such export of this matter");
}

/** What the form is drawn with besides its values. */
async function formFor(api: ApiClient, id: string): Promise<Record<string, unknown>> {
  const [of, selected] = await Promise.all([
    matterOf(api, id),
    api.call("get", "/api/v1/matters/:id/selection/count", { params: { id }, response: total }),
  ]);
  return { matter: of, selected: selected.total, of: OF, formats: FORMATS, networks: NETWORKS };
}

/** A name for the package, after the matter's own reference. */
function nameFor(reference: string | null): string {
  const safe = (reference ?? "").replaceAll(/[^A-Za-z0-9]+/g, "-").replaceAll(/^-+|-+$/g, "");
  return `${safe === "" ? "evidence" : safe.slice(0, 60)}-${new Date().toISOString().slice(0, 10)}`;
}

/** What somebody types to check a package, with tools that are not Daybook's. */
function commandsFor({ name, recipients, package: built }: Exported): readonly string[] {
  if (!built) return [];
  const opened = `gpg --output ${name}.zip --decrypt ${built.file}`;
  return [
    `sha256sum ${built.file}`,
    ...(recipients.length > 0 ? [opened] : []),
    `unzip -q ${name}.zip`,
    `cd ${name}`,
    "sha256sum --check --strict --quiet manifest-sha256.txt tagmanifest-sha256.txt",
    "cat data/README.txt",
  ];
}

/** Sends on what the API sends. @param file what it is called */
function sent(
  api: ApiClient,
  export_: Exported,
  what: "package" | "receipt",
  file: string,
  signal: AbortSignal,
): Answer {
  return {
    async send(response: Response) {
      const params = { id: export_.id };
      const { body, mediaType, sizeBytes } = await api.download(`/api/v1/exports/:id/${what}`, {
        params,
        signal,
      });
      response.set({
        "Content-Type": mediaType,
        "Content-Disposition": `attachment; filename="${file}"`,
        ...(sizeBytes !== undefined && { "Content-Length": String(sizeBytes) }),
      });
      // A browser that goes away takes it again.
      await pipeline(body, response).catch(() => response.destroy());
    },
  };
}

/** Evidence packages of a matter: asked for, built, taken. */
export const exportPages = [
  page({
    method: "get",
    path: "/matters/:id/exports",
    action: "export.read",
    params,
    query: z.object({ cursor: z.string().max(256).optional() }),
    handle: async ({ api, params: { id }, query: { cursor } }) => {
      const [of, found] = await Promise.all([
        matterOf(api, id),
        api.call("get", "/api/v1/exports", {
          query: { matter: id, limit: PAGE, cursor },
          response: exportList,
        }),
      ]);
      return view("exporting/list", { ...found, matter: of, first: cursor === undefined });
    },
  }),
  page({
    method: "get",
    path: "/matters/:id/exports/new",
    action: "export",
    params,
    query: z.object({ search: z.uuid().optional() }),
    handle: async ({ api, params: { id }, query: { search } }) => {
      const form = await formFor(api, id);
      const of = form["matter"] as z.infer<typeof matter>;
      const chosen = search
        ? ofSearch(
            await api.call("get", "/api/v1/matters/:id/searches/:search", {
              params: { id, search },
              response: savedSearch,
            }),
          )
        : { values: {}, lacks: [] };
      const values = { name: nameFor(of.reference), formats: FORMATS, ...chosen.values };
      return view("exporting/new", { ...form, values, lacks: chosen.lacks });
    },
  }),
  page({
    method: "post",
    path: "/matters/:id/exports/new",
    action: "export",
    params,
    maxFileBytes: MAX_KEY_BYTES,
    form: exportForm,
    invalid: async ({ api, params: { id }, form: { values, errors } }) =>
      view("exporting/new", { ...(await formFor(api, id)), values, errors, lacks: [] }),
    handle: async ({ api, params: { id }, form }) => {
      const made = await api.call("post", "/api/v1/exports", {
        body: { matter: id, ...askedFor(form) },
        response: exported,
      });
      return redirect(`/matters/${id}/exports/${made.id}`);
    },
  }),
  page({
    method: "get",
    path: "/matters/:id/exports/:export",
    action: "export",
    params: both,
    handle: async ({ api, params: ids }) => {
      const [of, found] = await Promise.all([matterOf(api, ids.id), exportOf(api, ids)]);
      const goesOn = found.state === "queued" || found.state === "building";
      return view("exporting/export", { matter: of, one: found, goesOn, commands: commandsFor(found) });
    },
  }),
  page({
    method: "post",
    path: "/matters/:id/exports/:export/build",
    action: "export",
    params: both,
    handle: async ({ api, params: ids }) => {
      await exportOf(api, ids);
      await api.call("post", "/api/v1/exports/:id/build", { params: { id: ids.export } });
      return redirect(`/matters/${ids.id}/exports/${ids.export}`);
    },
  }),
  page({
    method: "get",
    path: "/matters/:id/exports/:export/package",
    file: true,
    action: "export",
    params: both,
    handle: async ({ api, params: ids, signal }) => {
      const found = await exportOf(api, ids);
      if (!found.package) throw new ProblemError(409, "not-finished", "the package is not built yet");
      return sent(api, found, "package", found.package.file, signal);
    },
  }),
  page({
    method: "get",
    path: "/matters/:id/exports/:export/receipt",
    file: true,
    action: "export",
    params: both,
    handle: async ({ api, params: ids, signal }) => {
      const found = await exportOf(api, ids);
      const file = `${found.name}.receipt${found.recipients.length > 0 ? ".pgp" : ""}`;
      return sent(api, found, "receipt", file, signal);
    },
  }),
];
