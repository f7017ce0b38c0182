import type { Action, ApiClient, Principal } from "@daybook/runtime";
import type { Request, Response } from "express";
import type { z } from "zod";
import type { Kept } from "./http/cookies.ts";

/** What is wrong with one field of a form. */
export interface FieldError {
  /** Name of the field, which is its id on the page too; empty for the form as a whole. */
  readonly field: string;
  /** A key of the texts, or words that the API gave. */
  readonly text: string;
}

/** What a browser keeps of a sign-in that has begun, for the pages that end it; null takes it away. */
export type Keep = Readonly<Partial<Record<Kept, string | null>>>;

/** Words by the key of their text. */
export interface Said {
  readonly key: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** What a handler answers with. */
export type Answer =
  | {
      readonly view: string;
      readonly data: Readonly<Record<string, unknown>>;
      readonly status?: number;
      /** Ends the browser's session. */
      readonly session?: null;
    }
  | {
      /** A path of this console. */
      readonly redirect: string;
      /** A key of the texts: what was done, shown once on the next page. */
      readonly done?: string;
      /** Begins (a session token) or ends (null) the browser's session. */
      readonly session?: string | null;
      readonly keep?: Keep;
    }
  /** A file of plain text: each of these a paragraph of it. */
  | { readonly lines: readonly Said[]; readonly filename: string }
  /** Sends the browser to another site: only where the API says. */
  | { readonly leave: string; readonly keep?: Keep }
  /** Writes the response itself, and has ended or destroyed it when it resolves. */
  | { readonly send: (response: Response) => Promise<void> };

/** What a page's handler is given. */
export interface PageCall<Who, Params, Query, Form> {
  readonly principal: Who;
  readonly params: Params;
  readonly query: Query;
  readonly form: Form;
  /** The API, asked as whoever looks at the page. */
  readonly api: ApiClient;
  readonly request: Request;
  /** What the browser keeps of a sign-in. */
  readonly kept: (name: Kept) => string | undefined;
  /** Aborts when the browser goes away. */
  readonly signal: AbortSignal;
}

/** A form as it was sent, and what is wrong with it, for the page to show again. */
export interface Invalid {
  readonly values: Readonly<Record<string, unknown>>;
  readonly errors: readonly FieldError[];
}

interface Description {
  readonly method: "get" | "post";
  /** As a route's of the API, but for `/api` and `/internal`. */
  readonly path: string;
  /** It answers with a file or a picture, and shows nothing. */
  readonly file?: boolean;
  /**
   * Whoever asks for it has to have shown a short while ago who they are: the page to which they come back when they
   * have, with parameters as this one's path has them.
   */
  readonly confirmed?: string;
  /** Files come with the form, as `multipart/form-data`: most bytes of one. */
  readonly maxFileBytes?: number;
}

/** A page as the console holds it; made by `page`. */
export interface Page extends Description {
  readonly action: Action | "public";
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly form?: z.ZodObject;
  invalid?(call: PageCall<Principal | undefined, unknown, unknown, Invalid>): Promise<Answer>;
  handle(call: PageCall<Principal | undefined, unknown, unknown, unknown>): Promise<Answer>;
}

type Parsed<S> = S extends z.ZodType ? z.output<S> : undefined;

/**
 * Describes one page, or one post of a form. Who may see it is said by its action in the table of rights; the API, which
 * it asks as the person, enforces the same.
 *
 * Messages of `form`'s schemas are keys of the texts. With `invalid` a form that does not fit, or that the API refuses
 * with 400, 404, 409 or 422, is shown again with what is wrong; without it that is an error page.
 */
export function page<
  const A extends Action | "public",
  P extends z.ZodObject | undefined = undefined,
  Q extends z.ZodObject | undefined = undefined,
  F extends z.ZodObject | undefined = undefined,
>(
  spec: Description & {
    readonly action: A;
    readonly params?: P;
    readonly query?: Q;
    readonly form?: F;
    invalid?(
      call: PageCall<A extends "public" ? Principal | undefined : Principal, Parsed<P>, Parsed<Q>, Invalid>,
    ): Promise<Answer>;
    handle(
      call: PageCall<A extends "public" ? Principal | undefined : Principal, Parsed<P>, Parsed<Q>, Parsed<F>>,
    ): Promise<Answer>;
  },
): Page {
  // The console calls a handler only with what its own schemas made, so the types hold.
  return spec as unknown as Page;
}

/** Shows a template with data. @param name below `views`, without its ending */
export function view(name: string, data: Readonly<Record<string, unknown>> = {}, status?: number): Answer {
  return { view: name, data, ...(status !== undefined && { status }) };
}

/** Sends the browser to another page. @param done a key of the texts, shown there once */
export function redirect(path: string, done?: string): Answer {
  return { redirect: path, ...(done !== undefined && { done }) };
}

/** Answers a script of a page. */
export function json(value: unknown): Answer {
  return {
    send: (response) => {
      response.json(value);
      return Promise.resolve();
    },
  };
}
