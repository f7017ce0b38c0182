import { createDeployment, type Deployment, type Running } from "./support/deployment.ts";
import { hasPostgres, startTestPostgres, type TestPostgres } from "./support/postgres.ts";

const suite = hasPostgres ? describe : describe.skip;

suite("searching and reading", () => {
  let postgres: TestPostgres;
  let home: Deployment;
  let running: Running;
  let matter: string;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    home = await createDeployment(postgres);
    running = await home.start();
    const opened = (await running.owner.call("post", "/api/v1/matters", {
      body: { title: "Harbour inquiry", kind: "inquiry" },
    })) as { id: string };
    matter = opened.id;
    await home.capture(
      { text: "the ferry contract is signed", sentAt: "2026-03-04T10:00:00.000Z" },
      {
        text: "contract ferry",
        sentAt: "2026-03-05T10:00:00.000Z",
        sender: { id: "p-2", name: "Ada Writer" },
      },
      { text: "一起去看海港工程", sentAt: "2026-03-06T10:00:00.000Z" },
    );
  });
  afterAll(async () => {
    await running.stop();
    await home.close();
    await postgres.stop();
  });

  const search = async (q: string, more: Record<string, string | string[]> = {}) =>
    (await running.owner.call("get", "/api/v1/search", { query: { q, matter, ...more } })) as {
      total: number;
      totalIsExact: boolean;
      results: { id: string; text: string; sender: string; at: string; kind: string }[];
      next: string | null;
    };

  it("finds words, newest first, with what the record says", async () => {
    const found = await search("ferry");
    expect(found).toMatchObject({ total: 2, totalIsExact: true, next: null });
    expect(found.results.map((r) => [r.text, r.sender, r.at])).toEqual([
      ["contract ferry", "Ada Writer", "2026-03-05T10:00:00.000Z"],
      ["the ferry contract is signed", "Grace Sender", "2026-03-04T10:00:00.000Z"],
    ]);
  });

  it("confirms phrases by the records themselves", async () => {
    expect((await search('"ferry contract"')).results.map((r) => r.text)).toEqual([
      "the ferry contract is signed",
    ]);
    expect((await search("海港工程")).results).toHaveLength(1);
    expect((await search("contr*")).results).toHaveLength(2);
  });

  it("takes whole days, both inclusive, and a cursor for the next page", async () => {
    expect((await search("", { from: "2026-03-04", to: "2026-03-05" })).total).toBe(2);
    const first = await search("", { limit: "2" });
    const second = await search("", { limit: "2", cursor: first.next! });
    expect([...first.results, ...second.results]).toHaveLength(3);
    expect(second.next).toBeNull();
  });
});
