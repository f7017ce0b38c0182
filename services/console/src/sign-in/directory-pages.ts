import { z } from "zod";
import { page } from "../page.ts";
import { leaving, session } from "./answers.ts";
import { comeBack } from "./confirm-pages.ts";
import { next } from "./fields.ts";
import { begin, showSignIn } from "./sign-in-pages.ts";
import { refusalOf } from "./refusals.ts";

/** Sign-in with the organisation's directory: there, and back again. */
export const directoryPages = [
  page({
    method: "get",
    path: "/sign-in/directory",
    action: "public",
    file: true,
    query: z.object({ next }),
    handle: async (call) => {
      try {
        const { ceremony, url } = await call.api.call("post", "/api/v1/sign-in/oidc/begin", {
          response: leaving,
        });
        const wanted = Buffer.from(call.query.next).toString("base64url");
        return { leave: url, keep: { ceremony: `${ceremony}.${wanted}` } };
      } catch (error) {
        return showSignIn(call, call.query.next, [refusalOf(error)]);
      }
    },
  }),
  page({
    method: "get",
    path: "/sign-in/oidc",
    action: "public",
    handle: (call) => {
      const [ceremony = "", to = "", why] = call.kept("ceremony")?.split(".") ?? [];
      const wanted = next.parse(Buffer.from(to, "base64url").toString());
      const query = new URL(call.request.url, "http://console").search.slice(1);
      // Without its first half there is nothing to finish: somebody else's may have been put here.
      if (ceremony === "") return showSignIn(call, "/", [{ field: "", text: "sign-in:errors.begin" }]);
      if (why !== undefined) return comeBack(call, { ceremony, query, wanted, why });
      return begin(call, wanted, () =>
        call.api.call("post", "/api/v1/sign-in/oidc/finish", {
          body: { ceremony, query },
          response: session,
        }),
      );
    },
  }),
];
