import { PassThrough } from "node:stream";
import { createApi } from "../src/http/api.ts";
import { listen, type Listening } from "../src/http/listen.ts";
import { type Principal, RIGHTS, ROLES, SERVICE } from "../src/http/rights.ts";
import type { Route } from "../src/http/route.ts";
import { createLogger } from "../src/log.ts";

type AnyRole = Principal["roles"][number];
const EVERY_ROLE: readonly AnyRole[] = [...ROLES, SERVICE];
const NOBODY = "nobody";
const STRANGER = "a token that nobody has";

/** A route that anybody who may call it finds empty. */
function unanswered({ response: _, download: __, ...one }: Route): Route {
  return { ...one, handle: () => Promise.resolve() };
}

/**
 * Walks every route with every role, that of a service included, with no role, with a wrong token and with none, and expects the server to
 * allow and refuse as the table of rights says. Handlers are not called: what counts is who gets as far.
 */
export function describeRights(name: string, routes: readonly Route[]): void {
  describe(`${name} is open to those whom the table of rights names, and to nobody else`, () => {
    let server: Listening;

    beforeAll(async () => {
      const app = createApi({
        title: name,
        version: "0",
        routes: routes.map(unanswered),
        // The limit on failures must not stand in for the refusals that are counted here.
        failuresAllowed: Number.MAX_SAFE_INTEGER,
        authenticator: {
          authenticate: (bearer) =>
            Promise.resolve(
              bearer === NOBODY || EVERY_ROLE.some((role) => role === bearer)
                ? {
                    id: bearer,
                    name: bearer,
                    kind: "person",
                    roles: EVERY_ROLE.filter((role) => role === bearer),
                  }
                : undefined,
            ),
        },
        log: createLogger("rights", "fatal", { stream: new PassThrough().resume() }),
      });
      server = await listen(app, { port: 0 });
    });

    afterAll(() => server.close());

    const reached = async (one: Route, token?: string): Promise<number> => {
      const path = one.path.replaceAll(/[:*][a-zA-Z]+/g, "x");
      const answer = await fetch(`${server.url}${path}`, {
        method: one.method.toUpperCase(),
        redirect: "manual",
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      });
      await answer.arrayBuffer();
      return answer.status;
    };

    describe.each(routes.map((one) => ({ title: `${one.method} ${one.path}`, one })))("$title", ({ one }) => {
      if (one.action === "public") {
        it("is open to anybody", async () => {
          expect([401, 403, 404, 405]).not.toContain(await reached(one));
        });
        return;
      }
      const allowed: readonly AnyRole[] = RIGHTS[one.action];

      it("refuses whoever shows no token, or a wrong one", async () => {
        expect(await reached(one)).toBe(401);
        expect(await reached(one, STRANGER)).toBe(401);
      });

      it("refuses a person without a role", async () => {
        expect(await reached(one, NOBODY)).toBe(403);
      });

      it.each(EVERY_ROLE)("answers a %s as the table says", async (role) => {
        const status = await reached(one, role);
        if (!allowed.includes(role)) expect(status).toBe(403);
        else expect([401, 403, 404, 405, 500]).not.toContain(status);
      });
    });
  });
}
