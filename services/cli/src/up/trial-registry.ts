import { REHEARSAL_DEVICES, REHEARSAL_POSTS } from "@daybook/rehearsal";
import type { ApiClient } from "@daybook/runtime";
import { z } from "zod";
import { readAll } from "../commands/governance.ts";

const account = z.object({
  id: z.string(),
  network: z.string(),
  identifier: z.string().nullable(),
  custodian: z.string(),
});
const device = z.object({ id: z.string(), label: z.string() });
const reason = "The made-up department";

/**
 * Says who of the made-up department held which post, since when the accounts of its week are theirs, and on which
 * devices. Repeating it changes nothing.
 */
export async function sayTrialRegistry(client: ApiClient): Promise<void> {
  await client.call("post", "/api/v1/registry/imports", { body: { file: REHEARSAL_POSTS, reason } });
  const accounts = await readAll(client, "/api/v1/accounts", "accounts", account);
  const devices = await readAll(client, "/api/v1/devices", "devices", device);
  for (const { account: of, device: label, from } of REHEARSAL_DEVICES) {
    const known = accounts.find(({ network, identifier }) => network === of.network && identifier === of.id);
    if (!known) continue;
    const params = { id: known.id };
    await client.call("post", "/api/v1/accounts/:id/correct", {
      params,
      body: { custodian: known.custodian, from, reason },
    });
    const { id } =
      devices.find((one) => one.label === label) ??
      (await client.call("post", "/api/v1/devices", { body: { label, reason }, response: device }));
    const body = { account: known.id, from, reason };
    await client.call("post", "/api/v1/devices/:id/use", { params: { id }, body });
  }
}
