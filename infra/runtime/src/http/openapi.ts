import { z } from "zod";
import { ROLES, RIGHTS } from "./rights.ts";
import type { Route } from "./route.ts";

const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string().describe("Stable: switch on this"),
  fields: z
    .array(z.object({ in: z.enum(["path", "query", "body"]), path: z.string(), problem: z.string() }))
    .optional(),
});

/** An OpenAPI 3.1 document, as plain JSON. */
export type OpenApiDocument = Readonly<Record<string, unknown>>;

/** Describes routes by the schemas that check them. Schemas with an id (`.meta({ id })`) are shared components. */
export function openApiDocument(
  { title, version }: { title: string; version: string },
  routes: readonly Route[],
): OpenApiDocument {
  const schemas: Record<string, unknown> = {};
  const paths: Record<string, Record<string, unknown>> = {};
  for (const one of routes.filter(({ action }) => action !== "internal")) {
    const path = one.path.replaceAll(/[:*]([a-zA-Z]+)/g, "{$1}");
    (paths[path] ??= {})[one.method] = operationOf(one, schemas);
  }
  const problemSchema = schemaOf(problem, "output", schemas);
  return {
    openapi: "3.1.1",
    info: { title, version, license: { name: "AGPL-3.0-only", identifier: "AGPL-3.0-only" } },
    paths,
    components: {
      schemas,
      responses: {
        problem: {
          description: "A refusal or a failure: RFC 9457 problem details",
          content: { "application/problem+json": { schema: problemSchema } },
        },
      },
      securitySchemes: { bearer: { type: "http", scheme: "bearer" } },
    },
  };
}

function operationOf(one: Route, schemas: Record<string, unknown>): Record<string, unknown> {
  const status = one.status ?? (one.response || one.download ? 200 : 204);
  const body = one.upload
    ? { "application/octet-stream": {} }
    : one.body && { "application/json": { schema: schemaOf(one.body.strict(), "input", schemas) } };
  return {
    operationId: `${one.method} ${one.path.replace("/api/v1", "")}`,
    summary: one.summary,
    parameters: [...parametersOf("path", one.params, schemas), ...parametersOf("query", one.query, schemas)],
    ...(body ? { requestBody: { required: true, content: body } } : {}),
    responses: {
      [status]: {
        description: "Done",
        ...(one.download ? { content: { "*/*": {} } } : {}),
        ...(one.response
          ? { content: { "application/json": { schema: schemaOf(one.response, "output", schemas) } } }
          : {}),
      },
      default: { $ref: "#/components/responses/problem" },
    },
    security: one.action === "public" ? [] : [{ bearer: [] }],
    "x-action": one.action,
    "x-roles": one.action === "public" ? ROLES : RIGHTS[one.action],
  };
}

function parametersOf(
  where: "path" | "query",
  schema: z.ZodObject | undefined,
  schemas: Record<string, unknown>,
): Record<string, unknown>[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = schemaOf(schema, "input", schemas) as {
    properties?: Record<string, unknown>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: where,
    required: where === "path" || required.includes(name),
    schema: property,
  }));
}

function schemaOf(schema: z.ZodType, io: "input" | "output", schemas: Record<string, unknown>): unknown {
  const { $schema: _, $defs, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  const text = JSON.stringify({ rest, $defs: $defs ?? {} }).replaceAll(
    '"$ref":"#/$defs/',
    '"$ref":"#/components/schemas/',
  );
  const moved = JSON.parse(text) as { rest: unknown; $defs: Record<string, unknown> };
  for (const [name, definition] of Object.entries(moved.$defs)) schemas[name] ??= definition;
  return moved.rest;
}
