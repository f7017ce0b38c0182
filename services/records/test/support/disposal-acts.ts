import type { ApiClient } from "@daybook/runtime";

/** A disposal, as the API tells it. */
export interface Disposed {
  id: string;
  state: string;
  digest: string;
  ids: string[];
  destroyed: string[];
  excluded: { id: string; why: string }[];
  files: string[];
  exports: string[];
  unreadableFrom: string;
  bytesGoneFrom: string;
  certificate: string;
}

/** What two people do, as they do it over the API. */
export function disposalActs(who: () => { officer: ApiClient; reviewer: ApiClient; matter: string }) {
  const search = async (q: string, more: object = {}) =>
    (
      (await who().officer.call("get", "/api/v1/search", {
        query: { q, matter: who().matter, ...more },
      })) as {
        results: { id: string }[];
      }
    ).results;
  const propose = (body: object) =>
    who().officer.call("post", "/api/v1/disposals", {
      body: { reason: "retention is over", authority: "schedule 4", ...body },
    }) as Promise<Disposed>;
  const approve = ({ id, digest }: Disposed, by = who().reviewer) =>
    by.call("post", "/api/v1/disposals/:id/approve", { params: { id }, body: { digest } });
  const execute = ({ id }: { id: string }) =>
    who().officer.call("post", "/api/v1/disposals/:id/execute", { params: { id } }) as Promise<Disposed>;
  const disposeOf = async (body: object) => {
    const proposed = await propose(body);
    await approve(proposed);
    return execute(proposed);
  };
  const fsck = async () => {
    const { body } = await who().officer.download("/api/v1/fsck", { method: "post" });
    let text = "";
    for await (const chunk of body) text += String(chunk);
    return text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { ok?: boolean; problems?: object[] });
  };
  const hold = (body: object) =>
    who().officer.call("post", "/api/v1/holds", {
      body: { matter: who().matter, reason: "asked for", ...body },
    }) as Promise<{
      id: string;
    }>;

  return { search, propose, approve, execute, disposeOf, fsck, hold };
}
