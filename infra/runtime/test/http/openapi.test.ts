import { z } from "zod";
import { listOf, openApiDocument, route } from "../../src/index.ts";

const record = z.object({ id: z.string() }).meta({ id: "Record" });

const document = openApiDocument({ title: "Daybook", version: "1.2.3" }, [
  route({
    method: "post",
    path: "/api/v1/matters/:id/search",
    action: "search",
    summary: "Searches",
    params: z.object({ id: z.uuid() }),
    query: z.object({
      limit: z.coerce.number().int().max(100).default(25),
      kind: listOf(z.enum(["a", "b"])).optional(),
      to: z.string(),
    }),
    body: z.object({ words: z.string() }),
    response: z.object({ results: z.array(record) }),
    handle: () => Promise.resolve({ results: [] }),
  }),
  route({
    method: "get",
    path: "/api/v1/matters/:id",
    action: "record.view",
    summary: "One",
    params: z.object({ id: z.string() }),
    response: record,
    handle: () => Promise.resolve({ id: "" }),
  }),
  route({
    method: "delete",
    path: "/api/v1/matters/:id",
    action: "matter.close",
    summary: "Closes",
    params: z.object({ id: z.string() }),
    handle: () => Promise.resolve(),
  }),
  route({
    method: "post",
    path: "/api/v1/files",
    action: "import",
    summary: "Takes",
    upload: true,
    handle: () => Promise.resolve(),
  }),
  route({
    method: "get",
    path: "/api/v1/open",
    action: "public",
    summary: "Open",
    download: true,
    handle: () => Promise.resolve(),
  }),
]) as {
  paths: Record<string, Record<string, Record<string, unknown>>>;
  components: { schemas: Record<string, unknown> };
};

const operation = (method: string, path: string) => document.paths[path]?.[method] ?? {};

describe("openApiDocument", () => {
  it("is OpenAPI 3.1, with each path once", () => {
    expect(document).toMatchObject({ openapi: "3.1.1", info: { title: "Daybook", version: "1.2.3" } });
    expect(Object.keys(document.paths)).toEqual([
      "/api/v1/matters/{id}/search",
      "/api/v1/matters/{id}",
      "/api/v1/files",
      "/api/v1/open",
    ]);
    expect(Object.keys(document.paths["/api/v1/matters/{id}"] ?? {})).toEqual(["get", "delete"]);
  });

  it("describes parameters as they are sent, and which of them must be", () => {
    const { parameters } = operation("post", "/api/v1/matters/{id}/search");

    expect(parameters).toEqual([
      {
        name: "id",
        in: "path",
        required: true,
        schema: expect.objectContaining({ type: "string", format: "uuid" }) as unknown,
      },
      {
        name: "limit",
        in: "query",
        required: false,
        schema: expect.objectContaining({ type: "integer", maximum: 100, default: 25 }) as unknown,
      },
      {
        name: "kind",
        in: "query",
        required: false,
        schema: { type: "array", items: { type: "string", enum: ["a", "b"] } },
      },
      { name: "to", in: "query", required: true, schema: { type: "string" } },
    ]);
  });

  it("describes bodies that take no unknown field, and answers by shared schemas", () => {
    expect(operation("post", "/api/v1/matters/{id}/search")).toMatchObject({
      requestBody: {
        content: {
          "application/json": {
            schema: { properties: { words: { type: "string" } }, additionalProperties: false },
          },
        },
      },
      responses: {
        200: {
          content: {
            "application/json": {
              schema: { properties: { results: { items: { $ref: "#/components/schemas/Record" } } } },
            },
          },
        },
      },
    });
    expect(document.components.schemas.Record).toMatchObject({
      type: "object",
      properties: { id: { type: "string" } },
    });
    expect(JSON.stringify(document)).not.toContain("$defs");
  });

  it("resolves every reference", () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(
      (match) => match[1] ?? "",
    );
    const find = (path: string) =>
      path
        .split("/")
        .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], document);

    expect(references.length).toBeGreaterThan(3);
    expect(references.filter((path) => find(path) === undefined)).toEqual([]);
  });

  it("says who may, and what else is sent and answered", () => {
    expect(operation("delete", "/api/v1/matters/{id}")).toMatchObject({
      "x-roles": ["records-officer", "auditor"],
      responses: { 204: {} },
    });
    expect(operation("post", "/api/v1/files")).toMatchObject({
      requestBody: { content: { "application/octet-stream": {} } },
      security: [{ bearer: [] }],
    });
    expect(operation("get", "/api/v1/open")).toMatchObject({
      security: [],
      responses: { 200: { content: { "*/*": {} } } },
    });
  });
});
