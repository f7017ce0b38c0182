import type { Request, Response } from "express";
import type { Readable } from "node:stream";
import type { z } from "zod";
import type { Action, Principal } from "./rights.ts";

export type { Request, Response };

export type Method = "get" | "post" | "put" | "patch" | "delete";

/** What a handler is given: everything parsed by its own schemas. */
export interface Call<Who, Params, Query, Body, Upload> {
  readonly principal: Who;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** The bytes sent, for a route with `upload`: bounded in size and in idle time, read as fast as it is consumed. */
  readonly upload: Upload;
  readonly request: Request;
  readonly response: Response;
  /** Aborts when the client goes away before it has its answer. */
  readonly signal: AbortSignal;
}

interface Description {
  readonly method: Method;
  /** Under `/api/v1`: literal segments and `:parameters`, such as `/api/v1/matters/:id`; see `pathPattern`. */
  readonly path: string;
  readonly summary: string;
  /** Status of a success: 200 unless given, 204 where there is no `response`. */
  readonly status?: number;
  /** The handler reads `call.upload`; the request must be `application/octet-stream`. */
  readonly upload?: boolean;
  /** Most bytes of an upload or of a JSON body, where it differs from the API's own limit. */
  readonly maxBytes?: number;
  /** The handler writes the response itself, and has ended or destroyed it when it resolves. */
  readonly download?: boolean;
}

/** A route as the kernel holds it; made by `route`. */
export interface Route extends Description {
  readonly action: Action | "public";
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodObject;
  readonly response?: z.ZodType;
  handle(
    call: Call<Principal | undefined, unknown, unknown, unknown, Readable | undefined>,
  ): Promise<unknown>;
}

type Parsed<S> = S extends z.ZodType ? z.output<S> : undefined;

/**
 * Describes one route, so that its handler's types follow from its schemas. Objects refuse unknown fields,
 * also where the schema would drop them (nested ones: use `z.strictObject`). Query values arrive as strings:
 * use `z.coerce` and `listOf`. An answer is parsed by `response`, so what that does not name is not sent, and
 * without `response` nothing is.
 */
export function route<
  const A extends Action | "public",
  P extends z.ZodObject | undefined = undefined,
  Q extends z.ZodObject | undefined = undefined,
  B extends z.ZodObject | undefined = undefined,
  R extends z.ZodType | undefined = undefined,
  U extends boolean = false,
>(
  spec: Description & {
    readonly action: A;
    readonly params?: P;
    readonly query?: Q;
    readonly body?: B;
    readonly response?: R;
    readonly upload?: U;
    handle(
      call: Call<
        A extends "public" ? undefined : Principal,
        Parsed<P>,
        Parsed<Q>,
        Parsed<B>,
        U extends true ? Readable : undefined
      >,
    ): Promise<R extends z.ZodType ? z.input<R> : unknown>;
  },
): Route {
  // The kernel calls a handler only with what its own schemas made, so the types hold.
  return spec as unknown as Route;
}
