import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";
import { createDeployment, type Deployment, messageOf, type Running } from "../support/deployment.ts";

const suite = hasPostgres ? describe : describe.skip;

suite("an attachment, for a browser", () => {
  let postgres: TestPostgres;
  let home: Deployment;
  let running: Running;
  let matter: string;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    home = await createDeployment(postgres);
    running = await home.start();
    const body = { title: "Pictures", kind: "inquiry" };
    ({ id: matter } = (await running.owner.call("post", "/api/v1/matters", { body })) as { id: string });
  });
  afterAll(async () => {
    await running.stop();
    await home.close();
    await postgres.stop();
  });

  async function carrying(content: string, mediaType: string, over: { name?: string; sha256?: string } = {}) {
    const { ref, key } = await home.attach(content, over.name ?? "file");
    const text = `carries${Math.random().toString(36).slice(2)}`;
    const event = messageOf({ text, attachments: [{ ...ref, mediaType, ...over }] });
    await home.captureAll([{ eventId: text, stableDigest: "0".repeat(64), event }], () => [key]);
    const { results } = (await running.owner.call("get", "/api/v1/search", {
      query: { q: text, matter },
    })) as {
      results: { id: string }[];
    };
    return results[0]!.id;
  }
  const get = (id: string, headers: Record<string, string> = {}, inline = "true") =>
    fetch(`${running.url}/api/v1/records/${id}/attachments/0?matter=${matter}&inline=${inline}`, {
      headers: { authorization: `Bearer ${home.ownerToken!}`, ...headers },
    });
  const SOUND = `OggS${"0123456789".repeat(30_000)}`;

  it.each([
    ["audio/ogg", SOUND, "audio/ogg", "inline"],
    ["image/svg+xml", "<svg onload=alert(1)>", "application/octet-stream", "attachment"],
    ["text/html", "<script>alert(1)</script>", "application/octet-stream", "attachment"],
    ["image/png", "<script>alert(1)</script>", "application/octet-stream", "attachment"],
    ["application/pdf", "%PDF-1.7", "application/octet-stream", "attachment"],
    ["audio/ogg", "", "application/octet-stream", "attachment"],
  ])("that claims to be %s is sandboxed and %#", async (claim, content, type, disposition) => {
    const id = await carrying(content, claim, { name: `"\r\nSet-Cookie: a=b\r\n<img src=x>.html` });
    const answer = await get(id);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe(content);
    expect(answer.headers.get("content-type")).toBe(type);
    expect(answer.headers.get("content-disposition")).toMatch(
      new RegExp(`^${disposition}; filename\\*=UTF-8''[\\w%.*'()!~-]+$`),
    );
    expect(answer.headers.get("set-cookie")).toBeNull();
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "x-content-type-options": "nosniff",
      "content-security-policy": "sandbox; default-src 'none'",
      "cross-origin-resource-policy": "same-origin",
      "cache-control": "no-store",
    });
  });

  it("is stored unless it is asked for inline", async () => {
    const answer = await get(await carrying(SOUND, "audio/ogg"), {}, "false");
    expect(answer.headers.get("content-type")).toBe("application/octet-stream");
    expect(await answer.text()).toBe(SOUND);
  });

  it("is given by parts, so that a sound can be listened to from anywhere", async () => {
    const id = await carrying(SOUND, "audio/ogg");
    const answer = await get(id, { range: "bytes=100000-200001" });
    expect(answer.status).toBe(206);
    expect(answer.headers.get("content-range")).toBe(`bytes 100000-200001/${SOUND.length}`);
    expect(await answer.text()).toBe(SOUND.slice(100_000, 200_002));
  });

  it("breaks off when it was altered, in whole and in part", async () => {
    const id = await carrying(SOUND, "audio/ogg", { sha256: "0".repeat(64) });
    await expect(get(id).then((answer) => answer.text())).rejects.toThrow();
    await expect(get(id, { range: "bytes=0-9" }).then((answer) => answer.text())).rejects.toThrow();
  });

  it("is on record before its first byte", async () => {
    const id = await carrying("x", "text/plain");
    home.stream.faults.push("lost", "lost", "lost", "lost", "lost");
    expect((await get(id)).status).toBe(503);
    await get(id);
    expect((await home.auditEvents()).at(-1)).toMatchObject({
      action: "attachment.view",
      matter,
      subject: id,
    });
  });
});
