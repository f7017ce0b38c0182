import { type Action, RIGHTS, ROLES } from "@daybook/runtime";
import { z } from "zod";
import { SampleStage } from "../console/stage.ts";

const METHODS = ["get", "post", "put", "patch", "delete"] as const;
const operation = z.object({ "x-action": z.string(), "x-roles": z.array(z.string()) });
const description = z.object({
  paths: z.record(z.string(), z.partialRecord(z.enum(METHODS), operation)),
});

/** Known to no route: a request that is let in is refused for this, before anything is done. */
const UNKNOWN = "?unknown=1";

describe("the API of a whole Daybook", () => {
  const stage = new SampleStage();
  const operations: { method: string; path: string; action: string; roles: readonly string[] }[] = [];

  beforeAll(async () => {
    await stage.start();
    const { paths } = await stage
      .api("auditor")
      .call("get", "/api/v1/openapi.json", { response: description });
    for (const [path, methods] of Object.entries(paths))
      for (const [method, one] of Object.entries(methods))
        operations.push({ method, path, action: one["x-action"], roles: one["x-roles"] });
  }, 180_000);
  afterAll(() => stage.close());

  const ask = async (method: string, path: string, token?: string): Promise<number> => {
    const url = `${stage.url}${path.replaceAll(/\{\w+\}/g, "x")}${UNKNOWN}`;
    const answer = await fetch(url, {
      method: method.toUpperCase(),
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
    await answer.arrayBuffer();
    return answer.status;
  };

  it("says of each route what the table of rights says", () => {
    expect(operations.length).toBeGreaterThan(100);
    const isPublic = ({ action }: { action: string }) => action === "public";
    expect(
      operations
        .filter((one) => !isPublic(one))
        .filter(({ action, roles }) => String(RIGHTS[action as Action]) !== String(roles)),
    ).toEqual([]);
    expect(operations.filter(isPublic).filter(({ path }) => !path.startsWith("/api/v1/sign-in"))).toEqual([]);
  });

  it("lets nobody in without a token, but to sign in", async () => {
    const wrong: string[] = [];
    for (const { method, path, action } of operations) {
      const status = await ask(method, path);
      if (status !== (action === "public" ? 400 : 401)) wrong.push(`${method} ${path}: ${status}`);
    }
    expect(wrong).toEqual([]);
  });

  it.each(ROLES)("lets a %s do what the table gives them, and nothing else", async (role) => {
    const wrong: string[] = [];
    for (const { method, path, roles } of operations) {
      const status = await ask(method, path, stage.token(role));
      if (status !== (roles.includes(role) ? 400 : 403)) wrong.push(`${method} ${path}: ${status}`);
    }
    expect(wrong).toEqual([]);
  });
});
