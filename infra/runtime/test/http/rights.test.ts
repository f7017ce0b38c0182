import { z } from "zod";
import { type Action, mayDo, RIGHTS, ROLES, type Route, route, SERVICE } from "../../src/index.ts";
import { describeRights } from "../../testing/index.ts";

const actions = Object.keys(RIGHTS) as Action[];
const may = (role: (typeof ROLES)[number], action: Action) =>
  mayDo({ id: "", name: "", kind: "person", roles: [role] }, action);
const rightsOf = (role: (typeof ROLES)[number]) => actions.filter((action) => may(role, action));

const CONTENT: Action[] = [
  "search",
  "record.view",
  "export",
  "export.read",
  "import",
  "import.read",
  "matter.list",
  "matter.read",
];

describe("the table of rights", () => {
  it("lets an administrator read no content", () => {
    expect(CONTENT.filter((action) => may("administrator", action))).toEqual([]);
  });

  it("lets no one role both propose and approve", () => {
    for (const what of ["hold", "disposal"] as const) {
      expect(ROLES.filter((role) => may(role, `${what}.propose`) && may(role, `${what}.approve`))).toEqual(
        [],
      );
    }
  });

  it("gives a custodian nothing of anybody else's", () => {
    expect(rightsOf("custodian")).toEqual([
      "api.describe",
      "self.read",
      "self.manage",
      "self.content",
      "self.link",
      "link.confirm",
      "message.send",
    ]);
  });

  it("lets an auditor change nothing but matters of their own", () => {
    const changes = actions.filter(
      (action) =>
        /(?<!^self)\.(?:manage|propose|approve|send|replay)$/.test(action) ||
        ["import", "rebuild.run"].includes(action),
    );
    expect(changes.length).toBeGreaterThan(8);
    expect(changes.filter((action) => may("auditor", action))).toEqual([]);
  });

  it("gives what passes between services to no person", () => {
    expect(ROLES.filter((role) => may(role, "internal"))).toEqual([]);
    expect(mayDo({ id: "", name: "", kind: "machine", roles: [SERVICE] }, "internal")).toBe(true);
    expect(
      actions.filter((action) => mayDo({ id: "", name: "", kind: "machine", roles: [SERVICE] }, action)),
    ).toEqual(["internal"]);
  });

  it("gives nothing to whom has no role", () => {
    expect(
      actions.filter((action) => mayDo({ id: "", name: "", kind: "person", roles: [] }, action)),
    ).toEqual([]);
  });
});

// One route for every right, of every form that a route can have.
const routes: Route[] = [...actions, "public" as const].map((action, index) =>
  route({
    method: (["get", "post", "put", "patch", "delete"] as const)[index % 5] ?? "get",
    path: `/${action === "internal" ? "internal" : "api"}/v1/route-${index}/:id`,
    action,
    summary: action,
    params: z.object({ id: z.string() }),
    ...(index % 5 === 1 ? { body: z.object({ title: z.string() }) } : {}),
    ...(index % 5 === 2 ? { upload: true } : {}),
    handle: () => Promise.resolve(),
  }),
);

describeRights("a server with every right", routes);
