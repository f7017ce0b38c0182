import { type ApiClient, apiClient } from "@daybook/runtime";
import { z } from "zod";
import { readAll } from "../commands/governance.ts";

const DAY_MS = 86_400_000;
/** The matter that the commands which a trial prints search under. */
const FIRST_MATTER = "A first look";

const made = z.object({ id: z.string() });
const titled = z.object({ id: z.string(), title: z.string() });
const look = z.object({
  people: z.array(z.object({ id: z.string(), roles: z.array(z.string()) })),
});
const session = z.object({ token: z.string() });
const found = z.object({ results: z.array(z.object({ id: z.string() })) });

interface Office {
  readonly officer: ApiClient;
  readonly officerId: string;
  readonly auditor: ApiClient;
}

/** One matter of the made-up department, and what is done under it once it is open. */
interface Matter {
  readonly title: string;
  readonly by: "officer" | "auditor";
  readonly details: (now: number) => object;
  readonly work?: (office: Office, id: string) => Promise<unknown>;
}

const MATTERS: readonly Matter[] = [
  {
    title: FIRST_MATTER,
    by: "officer",
    details: (now) => ({ kind: "foi", regime: "foisa-2002", receivedAt: ago(now, 0) }),
    work: (office, id) => assign(office, id),
  },
  {
    title: "Subject access request: a contractor of the ferry",
    by: "officer",
    details: (now) => ({
      kind: "sar",
      regime: "uk-gdpr-access",
      receivedAt: ago(now, 9),
      reference: "SAR-0031",
    }),
  },
  {
    title: "Messages about the north pier of the Skerry Bridge",
    by: "officer",
    details: (now) => ({
      kind: "foi",
      regime: "foisa-2002",
      receivedAt: ago(now, 25),
      reference: "FOI-0142",
    }),
    async work(office, id) {
      const { officer } = office;
      await assign(office, id);
      const params = { id };
      const text = "The requester names the pier, not the bridge. Captain Duarte's messages are in scope.";
      await officer.call("post", "/api/v1/matters/:id/notes", { params, body: { text } });
      const body = { q: '"north pier"' };
      const search = await officer.call("post", "/api/v1/matters/:id/searches", {
        params,
        body,
        response: made,
      });
      await officer.call("post", "/api/v1/matters/:id/selection", { params, body: { search: search.id } });
    },
  },
  {
    title: "Closure of the Skerry Bridge: the inquiry's first notice",
    by: "officer",
    details: (now) => ({ kind: "inquiry", due: ago(now, -30).slice(0, 10), reference: "Notice 1" }),
    async work({ officer }, matter) {
      // Of no lasting value: it waits for a second person.
      const query = { q: '"start without me"', matter };
      const { results } = await officer.call("get", "/api/v1/search", { query, response: found });
      const reason = "A message of the moment: no decision and no fact in it";
      const body = { ids: results.map(({ id }) => id), reason, authority: "Retention schedule, class 4" };
      if (results.length > 0) await officer.call("post", "/api/v1/disposals", { body });
    },
  },
  {
    title: "Check of what was captured in the first week of March",
    by: "auditor",
    details: (now) => ({ kind: "audit", regime: "audit", receivedAt: ago(now, 0.5) }),
  },
];

/**
 * The work of the made-up department's own people on its week: matters, a search, a selection, a disposal that waits.
 * What is there already is left as it is.
 *
 * @param start the trial's token: it lets one sign in as any of them
 * @returns the matter that the commands which a trial prints search under
 */
export async function doTrialWork(url: string, start: string): Promise<string> {
  const client = apiClient({ url });
  try {
    const office = await enter(client, start);
    const matters = await readAll(office.officer, "/api/v1/matters", "matters", titled);
    let first = "";
    for (const { title, by, details, work } of MATTERS) {
      const known = matters.find((one) => one.title === title);
      const body = { title, ...details(Date.now()) };
      const { id } = known ?? (await office[by].call("post", "/api/v1/matters", { body, response: made }));
      if (!known) await work?.(office, id);
      if (title === FIRST_MATTER) first = id;
    }
    return first;
  } finally {
    client.close();
  }
}

async function enter(client: ReturnType<typeof apiClient>, start: string): Promise<Office> {
  const { people } = await client.call("post", "/api/v1/sign-in/trial/look", {
    body: { start },
    response: look,
  });
  const as = async (role: string) => {
    const id = people.find(({ roles }) => roles.includes(role))?.id ?? "";
    const body = { start, person: id };
    const { token } = await client.call("post", "/api/v1/sign-in/trial", { body, response: session });
    return { id, api: client.as({ token }) };
  };
  const officer = await as("records-officer");
  const auditor = await as("auditor");
  return { officer: officer.api, officerId: officer.id, auditor: auditor.api };
}

function assign({ officer, officerId: person }: Office, id: string) {
  return officer.call("post", "/api/v1/matters/:id/assign", { params: { id }, body: { person } });
}

function ago(now: number, days: number): string {
  return new Date(now - days * DAY_MS).toISOString();
}
