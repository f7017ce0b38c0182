import { ProblemError } from "@daybook/runtime";
import express, { type Request, type RequestHandler } from "express";
import multer from "multer";
import type { z } from "zod";
import type { FieldError, Invalid, Page } from "../page.ts";

const MAX_FORM_BYTES = 256 * 1024;
const MAX_FIELDS = 2_000;
/** Fields that are the console's own. */
const OWN = new Set(["_csrf"]);

/** A file that came with a form. */
export interface FormFile {
  readonly name: string;
  readonly body: Buffer;
}

/** Reads the body of a form post: fields, and files for a page that takes them, whole and in memory. */
export function formReader(page: Pick<Page, "maxFileBytes">): RequestHandler {
  if (page.maxFileBytes === undefined)
    return express.urlencoded({ extended: false, limit: MAX_FORM_BYTES, parameterLimit: MAX_FIELDS });
  return multer({
    storage: multer.memoryStorage(),
    limits: {
      fileSize: page.maxFileBytes,
      files: 1,
      fields: 100,
      fieldSize: MAX_FORM_BYTES,
      parts: 101,
      headerPairs: 20,
    },
  }).any();
}

/** The fields of a form that was read, each by its name; a file is a {@link FormFile}. */
export function formValues(request: Request): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, value] of Object.entries((request.body ?? {}) as Record<string, unknown>))
    if (!OWN.has(name)) values[name] = value;
  const files = Array.isArray(request.files) ? request.files : [];
  for (const { fieldname, originalname, buffer } of files)
    if (buffer.length > 0) values[fieldname] = { name: originalname, body: buffer } satisfies FormFile;
  return values;
}

/**
 * What does not fit a form's schema, in the order of the schema's fields.
 *
 * @param fields in that order: what is found of the form as a whole comes last otherwise
 */
export function schemaErrors(error: z.core.$ZodError, fields: readonly string[]): FieldError[] {
  const seen = new Set<string>();
  const found = error.issues.flatMap(({ path, message }) => {
    const field = path.map(String).join("-");
    if (seen.has(field)) return [];
    seen.add(field);
    return [{ field, text: message }];
  });
  return found.sort((a, b) => fields.indexOf(a.field) - fields.indexOf(b.field));
}

/** What forms call the words of a search. */
const QUERIES = ["q", "query"];
const SHOWN_AGAIN: ReadonlySet<number> = new Set([400, 404, 409, 410, 413, 422, 503]);

/**
 * What the API has against a form, where it can be shown with the form.
 *
 * @param fields of the form: what is wrong with another is wrong with the whole
 */
export function apiErrors(error: unknown, fields: ReadonlySet<string>): FieldError[] | undefined {
  if (!(error instanceof ProblemError) || !SHOWN_AGAIN.has(error.status)) return undefined;
  const known = error.fields.filter(({ path }) => fields.has(path));
  if (known.length > 0) return known.map(({ path, problem }) => ({ field: path, text: problem }));
  const field = error.code === "bad-query" ? QUERIES.find((name) => fields.has(name)) : undefined;
  return [{ field: field ?? "", text: `problems:${error.code}|${error.detail}` }];
}

export function invalid(values: Record<string, unknown>, errors: readonly FieldError[]): Invalid {
  return { values, errors };
}
