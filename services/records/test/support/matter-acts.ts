import type { ApiClient } from "@daybook/runtime";

/** A matter as the API tells it. */
export interface Told {
  readonly id: string;
  readonly state: string;
  readonly due: string | null;
  readonly dueLimit: string | null;
  readonly [name: string]: unknown;
}

/** What people do with matters and their clocks. @param owner who does it */
export function matterActs(owner: () => ApiClient) {
  const open = (body: object) =>
    owner().call("post", "/api/v1/matters", { body: { title: "Harbour works", ...body } }) as Promise<Told>;
  return {
    open,
    foi: (receivedAt = "2026-03-02", more: object = {}) =>
      open({ kind: "foi", regime: "foia-2000", receivedAt, ...more }),
    act: (id: string, what: string, body: object) =>
      owner().call("post", `/api/v1/matters/:id/${what}`, { params: { id }, body }) as Promise<Told>,
    show: (id: string) => owner().call("get", "/api/v1/matters/:id", { params: { id } }) as Promise<Told>,
    history: async (id: string) =>
      (
        (await owner().call("get", "/api/v1/matters/:id/history", { params: { id } })) as {
          history: Record<string, unknown>[];
        }
      ).history,
    clock: (id: string) =>
      owner().call("get", "/api/v1/matters/:id/clock", { params: { id } }) as Promise<{
        kept: { due: string | null; days: { day: string; counts: number | null }[]; promptBy: string };
        newest: { due: string | null };
        calendar: { number: number };
        latest: { number: number };
      }>,
    proclaim: (day: string, divisions = ["scotland"]) =>
      owner().call("post", "/api/v1/calendars/proclaim", {
        body: { day, title: "A day off", divisions, source: "Proclamation of 9 March 2026" },
      }) as Promise<{ id: string; number: number }>,
  };
}
