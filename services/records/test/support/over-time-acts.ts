import type { ApiClient } from "@daybook/runtime";

/** Says something of everything that is so for a time. */
export async function sayOverTime(owner: ApiClient, custodian: string): Promise<void> {
  const act = (path: string, id: string, body: object) =>
    owner.call("post", path, { params: { id }, body: { reason: "so it was", ...body } });
  const add = (path: string, body: object) =>
    owner.call("post", path, {
      body: path.endsWith("custodians") ? body : { reason: "made", ...body },
    }) as Promise<{ id: string }>;
  const { id: post } = await add("/api/v1/posts", { title: "Minister", unit: "Ports", group: "minister" });
  await act("/api/v1/posts/:id", post, { capstone: true });
  const held = (await act("/api/v1/posts/:id/holdings", post, {
    custodian,
    from: "2026-01-01",
    basis: "letter",
  })) as { holding: string };
  await act("/api/v1/holdings/:id/end", held.holding, { to: "2026-06-01" });
  const wrong = (await act("/api/v1/posts/:id/holdings", post, { custodian, from: "2026-07-01" })) as {
    holding: string;
  };
  await act("/api/v1/holdings/:id/void", wrong.holding, {});
  const { id: account } = await add("/api/v1/accounts", {
    network: "sms",
    method: "carrier",
    identifier: "+441632960077",
    custodian,
    from: "2026-01-01",
  });
  const { id: device } = await add("/api/v1/devices", { label: "Phone 77", source: "mdm-77" });
  await act("/api/v1/devices/:id", device, { ownership: "personal" });
  await act("/api/v1/devices/:id/use", device, { account, from: "2026-01-01" });
  await act("/api/v1/devices/:id/release", device, { account, from: "2026-02-01", to: "2026-02-03" });
  await act("/api/v1/accounts/:id/correct", account, {
    custodian: null,
    from: "2026-01-10",
    to: "2026-01-12",
  });
  await act("/api/v1/accounts/:id/end", account, { to: "2026-08-01" });
  const { id: number } = (await act("/api/v1/custodians/:id/identifiers", custodian, {
    kind: "phone",
    value: "+44 1632 960078",
    from: "2026-01-01",
  })) as { id: string };
  await act("/api/v1/identifiers/:id/end", number, { to: "2026-03-01" });
  await add("/api/v1/registry/imports", {
    file: "name,post,post_from,network,number,account_from,device\nCy,Clerk,2026-01-01,signal,s-1,2026-01-01,D\n",
  });
  const { id: leaver } = await add("/api/v1/custodians", { name: "Leaver" });
  await act("/api/v1/custodians/:id/rename", leaver, { name: "Left" });
  await act("/api/v1/custodians/:id/leave", leaver, { to: "2026-02-01" });
  await act("/api/v1/custodians/:id/return", leaver, {});
  await act("/api/v1/custodians/:id/leave", leaver, {});
  await owner.download("/api/v1/fsck", { method: "post" }).then(async ({ body }) => {
    for await (const _ of body);
  });
}
