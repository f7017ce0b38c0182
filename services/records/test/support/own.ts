import type { ApiClient } from "@daybook/runtime";
import type { Running } from "./running.ts";

/** A custodian of the registry, and a client of whoever speaks for them. */
export async function custodian(
  running: Running,
  name: string,
): Promise<{ id: string; name: string; client: ApiClient; token: string }> {
  const { id } = (await running.owner.call("post", "/api/v1/custodians", { body: { name } })) as {
    id: string;
  };
  const body = { name: `Office of ${name}`, roles: ["custodian"], custodians: [id] };
  const { token } = (await running.owner.call("post", "/api/v1/tokens", { body })) as { token: string };
  return { id, name, client: running.as(token), token };
}
