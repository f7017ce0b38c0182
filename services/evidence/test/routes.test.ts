import { hash, randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { unzip } from "@daybook/package/testing";
import { decryptWithKey } from "@daybook/openpgp";
import type { ApiClient } from "@daybook/runtime";
import { verifyPackage } from "@daybook/verify";
import { CLOSED_MATTER, CUSTODIAN, MATTER, OUTSIDE, type Running, startEvidence } from "./support/running.ts";
import { keyPairs, message, VKEYS } from "./support/small-archive.ts";

interface Summary {
  readonly id: string;
  readonly state: string;
  readonly records: number;
  readonly attachments: number;
  readonly checkpoints: readonly { origin: string; size: number }[];
}

/** More than lies in buffers between a server and a client that does not read on. */
const LARGE = 12 * 1024 * 1024;

let evidence: Running;
let officer: ApiClient;
beforeEach(async () => {
  evidence = await startEvidence();
  officer = evidence.person("officer", "records-officer");
  await evidence.archive.archive("0", [
    message({ text: "the quorum is settled", custodian: { id: CUSTODIAN, name: "Ann Lee" } }),
    message({ text: "leaves at nine" }),
  ]);
});
afterEach(() => evidence.stop());

const ask = (more: object = {}, client = officer) =>
  client.call("post", "/api/v1/exports", {
    body: { matter: MATTER, name: "papers", ...more },
  }) as Promise<Summary>;
const show = (id: string, client = officer) =>
  client.call("get", "/api/v1/exports/:id", { params: { id } }) as Promise<Summary>;
async function take(id: string, what: "package" | "receipt", client = officer): Promise<Buffer> {
  return buffer((await client.download(`/api/v1/exports/:id/${what}`, { params: { id } })).body);
}
/** Adds a record whose attachment fills every buffer on its way. */
async function addLarge(): Promise<void> {
  const { ref, key } = await evidence.archive.attach(randomBytes(LARGE), "plan.bin");
  await evidence.archive.archive("0", [message({ text: "the plan", attachments: [ref] }, [key])]);
}
const actions = () => evidence.published.map(({ event }) => event.audit!.action);
const archivedActions = () =>
  evidence.archive.records.filter(({ ref }) => ref.shard === "audit").map(({ ref }) => ref.kind);

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe("asking for an export", () => {
  it("says what it will hold, and under which checkpoints", async () => {
    const made = await ask();
    expect(made).toMatchObject({
      state: "ready",
      // Both messages, and the record of this very request.
      records: 3,
      checkpoints: [
        { origin: "test/0", size: 2 },
        { origin: "test/audit", size: 1 },
      ],
    });
    expect(await show(made.id)).toEqual(made);
  });

  it("is answered, and selects anything, only once the request is in the log", async () => {
    const reached = Promise.withResolvers<null>();
    const gate = Promise.withResolvers<null>();
    evidence.beforeArchived = async () => {
      reached.resolve(null);
      await gate.promise;
    };
    let answered = false;
    const asking = ask({ query: "quorum" }).then((made) => {
      answered = true;
      return made;
    });
    await reached.promise;
    expect(actions()).toEqual(["export.start"]);
    expect(evidence.published[0]!.event.audit).toMatchObject({
      actor: "officer",
      matter: MATTER,
      detail: { name: "papers", filters: { words: "quorum" } },
    });
    expect([answered, evidence.selections, archivedActions()]).toEqual([false, 0, []]);
    gate.resolve(null);
    const { id } = await asking;
    expect(evidence.published[0]!.event.audit!.subject).toBe(id);
    expect(archivedActions()).toEqual(["audit"]);
  });

  it.each(["lost", "kept"] as const)(
    "selects nothing when its request is %s on the stream",
    async (fault) => {
      evidence.faults.push(fault);
      await expect(ask()).rejects.toMatchObject({ status: 503 });
      expect(evidence.selections).toBe(0);
      const again = await ask();
      expect(again.records).toBe(fault === "kept" ? 4 : 3);
      expect(actions()).toEqual(Array(fault === "kept" ? 2 : 1).fill("export.start"));
    },
  );

  it("selects nothing when the archiver does not answer", async () => {
    evidence.beforeArchived = () => Promise.reject(new Error("down"));
    await expect(ask()).rejects.toMatchObject({ status: 503, code: "unavailable" });
    expect(evidence.selections).toBe(0);
  });

  it("is unavailable, and leaves no trace, when the records service is down", async () => {
    await evidence.stopOthers();
    await expect(ask()).rejects.toMatchObject({ status: 503, code: "unavailable" });
    expect([evidence.published, evidence.selections]).toEqual([[], 0]);
  });

  it.each([
    ["an unknown matter", { matter: "00000000-0000-4000-8000-0000000000ff" }, 404, "no-such-matter"],
    ["a closed matter", { matter: CLOSED_MATTER }, 409, "matter-closed"],
    ["an unknown custodian", { custodian: "Nobody" }, 404, "no-such-custodian"],
    ["a matter that is no id", { matter: "papers" }, 400, "invalid-request"],
    ["a name that leads elsewhere", { name: "../papers" }, 400, "invalid-request"],
    ["a format that there is not", { formats: ["pdf"] }, 400, "invalid-request"],
    ["a field that there is not", { path: "/etc" }, 400, "invalid-request"],
    ["a recipient's key that is none", { recipient: "no key" }, 422, "bad-request"],
  ])("refuses %s, and leaves no trace", async (_what, body, status, code) => {
    const refused: unknown = await ask(body).catch((error: unknown) => error);
    expect(refused).toMatchObject({ status, code });
    // In the words of the service that was asked.
    if (status === 404) expect(refused).toHaveProperty("detail", "there is no such thing");
    expect([evidence.published, evidence.selections]).toEqual([[], 0]);
  });

  it("refuses a private key as the recipient's", async () => {
    const [, recipient] = await keyPairs();
    const asking = ask({ recipient: recipient!.armored.private });
    await expect(asking).rejects.toMatchObject({ status: 422, code: "bad-request" });
    expect(evidence.published).toEqual([]);
    expect(evidence.logged.join("")).not.toContain("PRIVATE KEY");
  });

  it("does not repeat what was sent in a refusal, nor log it", async () => {
    const refused = await ask({ custodian: "Quetzal", query: "quetzalcoatlus" }).catch(
      (error: unknown) => error,
    );
    expect(JSON.stringify(refused)).not.toMatch(/quetzal/i);
    expect(evidence.logged.join("")).not.toMatch(/quetzal/i);
  });

  it("narrows to the custodian by name", async () => {
    const { id } = await ask({ custodian: "Ann Lee" });
    const files = await unzip(await take(id, "package"));
    const records = [...files].filter(([name]) => name.startsWith("papers/data/records/"));
    const kinds = records.map(([, bytes]) => (JSON.parse(bytes.toString()) as { kind: string }).kind);
    expect(kinds.sort()).toEqual(["audit", "message"]);
  });

  it("narrows to somebody outside, and says by which numbers of theirs, when, and what nobody has confirmed", async () => {
    await evidence.archive.archive("0", [
      message({ network: "sms", text: "the ferry", sender: { id: "+447700900456", name: "" } }),
    ]);
    const { id } = await ask({ participant: "Fergus Reid" });
    const files = await unzip(await take(id, "package"));
    const texts = [...files].flatMap(([name, bytes]) => {
      const { text } = (name.includes("/records/") ? JSON.parse(bytes.toString()) : {}) as { text?: string };
      return text === undefined ? [] : [text];
    });
    expect(texts).toEqual(["the ferry"]);
    const said = { filters: { participant: "Fergus Reid" }, participant: OUTSIDE };
    expect(JSON.parse(files.get("papers/data/request.json")!.toString())).toMatchObject(said);
    expect(evidence.published[0]!.event.audit!.detail).toMatchObject(said);
    await expect(ask({ participant: "Nobody" })).rejects.toMatchObject({ code: "no-such-participant" });
  });
});

describe("an export", () => {
  it("is found only by whoever asked for it", async () => {
    const { id } = await ask();
    const other = evidence.person("other", "records-officer", "auditor");
    const nothing = { status: 404, code: "no-such-export" };
    await expect(show(id, other)).rejects.toMatchObject(nothing);
    await expect(take(id, "package", other)).rejects.toMatchObject(nothing);
    await expect(take(id, "receipt", other)).rejects.toMatchObject(nothing);
    expect((await show(id)).state).toBe("ready");
  });

  it("is refused to roles that may not, without a trace", async () => {
    const custodian = evidence.person("custodian", "custodian", "reviewer", "administrator");
    await expect(ask({}, custodian)).rejects.toMatchObject({ status: 403, code: "forbidden" });
    expect(evidence.published).toEqual([]);
  });

  it("is a package that verifies, with a receipt that commits to its tag manifest", async () => {
    const { ref, key } = await evidence.archive.attach(Buffer.from("terms"), "terms.txt");
    await evidence.archive.archive("0", [message({ text: "see this", attachments: [ref] }, [key])]);
    const { id } = await ask();
    await expect(take(id, "receipt")).rejects.toMatchObject({ status: 409, code: "not-finished" });
    const zip = await take(id, "package");
    expect(await show(id)).toMatchObject({ state: "written", records: 4, attachments: 1 });
    expect(actions()).toEqual(["export.start"]);
    const receipt = await take(id, "receipt");

    const { record } = JSON.parse(receipt.toString()) as { record: string };
    const { audit } = JSON.parse(record) as { audit: Record<string, unknown> };
    const files = await unzip(zip);
    expect(audit).toMatchObject({
      action: "export.complete",
      actor: "officer",
      matter: MATTER,
      subject: id,
      detail: { records: 4, tagManifestSha256: hash("sha256", files.get("papers/tagmanifest-sha256.txt")!) },
    });
    expect(await verified({ "papers.zip": zip, "papers.receipt": receipt })).toMatchObject({
      ok: true,
      problems: [],
      records: 4,
      keyFrom: "given",
      receipt: true,
    });
  });

  it("does not verify with the receipt of another", async () => {
    const [one, two] = [await ask(), await ask()];
    const zip = await take(one.id, "package");
    await take(two.id, "package");
    const receipt = await take(two.id, "receipt");
    expect(await verified({ "papers.zip": zip, "papers.receipt": receipt })).toMatchObject({ ok: false });
  });

  it("gives the same receipt each time, logged once", async () => {
    const { id } = await ask();
    await take(id, "package");
    const [first, ...others] = await Promise.all([1, 2, 3].map(() => take(id, "receipt")));
    others.push(await take(id, "receipt"));
    for (const other of others) expect(other).toEqual(first);
    expect(actions()).toEqual(["export.start", "export.complete"]);
  });

  it.each(["lost", "kept"] as const)("still gives its receipt after its record was %s", async (fault) => {
    const { id } = await ask();
    const zip = await take(id, "package");
    evidence.faults.push(fault);
    await expect(take(id, "receipt")).rejects.toMatchObject({ status: 503 });
    const receipt = await take(id, "receipt");
    expect(await verified({ "papers.zip": zip, "papers.receipt": receipt })).toMatchObject({ ok: true });
  });

  it("gives no receipt before its record is in the log", async () => {
    const { id } = await ask();
    await take(id, "package");
    evidence.beforeArchived = () => Promise.reject(new Error("down"));
    await expect(take(id, "receipt")).rejects.toMatchObject({ status: 503, code: "unavailable" });
    evidence.beforeArchived = () => undefined;
    expect(JSON.parse((await take(id, "receipt")).toString())).toHaveProperty("proof");
  });

  it("is not made while rows of the catalogue are missing", async () => {
    evidence.rebuilding = true;
    await expect(ask()).rejects.toMatchObject({ status: 503, code: "unavailable" });
    evidence.rebuilding = false;
    // The request that was refused is in the log as well.
    await expect(ask()).resolves.toMatchObject({ records: 4 });
  });

  it("leaves out nothing whose key is gone, unless somebody disposed of it", async () => {
    const { keyring } = evidence.archive.stores;
    const { id } = await ask();
    for await (const key of keyring.list("keyring/0/")) await keyring.remove(key);
    await expect(take(id, "package")).rejects.toMatchObject({ code: "interrupted" });
  });

  it("is made once", async () => {
    const { id } = await ask();
    await take(id, "package");
    await expect(take(id, "package")).rejects.toMatchObject({ status: 409, code: "already-taken" });
  });

  it("holds nothing that arrived after it was asked for", async () => {
    const { id } = await ask();
    await evidence.archive.archive("0", [message({ text: "too late" })]);
    const files = await unzip(await take(id, "package"));
    expect([...files.values()].some((bytes) => bytes.includes("too late"))).toBe(false);
    expect((await show(id)).records).toBe(3);
  });

  it("is encrypted to the recipient, and so is its receipt", async () => {
    const [, recipient] = await keyPairs();
    const { id } = await ask({ recipient: recipient!.armored.public });
    const [sealed, sealedReceipt] = [await take(id, "package"), await take(id, "receipt")];
    for (const bytes of [sealed, sealedReceipt]) expect(bytes.includes("papers")).toBe(false);
    const open = async (bytes: Buffer) => Buffer.from(await decryptWithKey(bytes, recipient!.privateKey));
    const opened = { "papers.zip": await open(sealed), "papers.receipt": await open(sealedReceipt) };
    expect(await verified(opened)).toMatchObject({ ok: true, records: 3, receipt: true });
  });
});

describe("an export that breaks off", () => {
  const failedWithoutReceipt = async (id: string) => {
    await until(async () => (await show(id)).state === "failed");
    await expect(take(id, "receipt")).rejects.toMatchObject({ status: 409, code: "not-finished" });
    await expect(take(id, "package")).rejects.toMatchObject({ status: 409, code: "already-taken" });
    expect(actions()).toEqual(["export.start"]);
    expect(evidence.logged.filter((line) => line.includes("an export broke off"))).toHaveLength(1);
    expect(evidence.logged.join("")).not.toContain("request failed");
  };

  it("because the store fails in the middle never looks like a whole one", async () => {
    await addLarge();
    await addLarge();
    const { id } = await ask();
    const { body } = await officer.download("/api/v1/exports/:id/package", { params: { id } });
    await new Promise((resolve) => body.once("readable", resolve));
    evidence.archive.stores.records.hook = () => {
      throw Object.assign(new Error("the quorum is settled"), { code: "EIO" });
    };
    await expect(buffer(body)).rejects.toMatchObject({ code: "ECONNRESET" });
    await failedWithoutReceipt(id);
    expect(evidence.logged.join("")).not.toContain("quorum");

    evidence.archive.stores.records.hook = undefined;
    const again = await ask();
    await take(again.id, "package");
    expect((await show(again.id)).state).toBe("written");
  });

  it("because the taker goes away is given up, and makes no receipt", async () => {
    await addLarge();
    const { id } = await ask();
    const { body } = await officer.download("/api/v1/exports/:id/package", { params: { id } });
    for await (const _ of Readable.from(body)) break;
    expect((await show(id)).state).not.toBe("written");
    body.destroy();
    await failedWithoutReceipt(id);
  });

  it("is still being written while its taker does not read", async () => {
    await addLarge();
    const { id } = await ask();
    const { body } = await officer.download("/api/v1/exports/:id/package", { params: { id } });
    await new Promise((resolve) => body.once("readable", resolve));
    expect((await show(id)).state).toBe("writing");
    await expect(take(id, "package")).rejects.toMatchObject({ code: "already-taken" });
    expect((await unzip(await buffer(body))).size).toBeGreaterThan(10);
    expect((await show(id)).state).toBe("written");
  });
});

/** Checks a package and its receipt as they lie on a disk. */
async function verified(files: Record<string, Buffer>) {
  const dir = await mkdtemp(join(tmpdir(), "daybook-evidence-"));
  try {
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(dir, name), bytes);
    return await verifyPackage(join(dir, "papers.zip"), { keys: Object.values(VKEYS) });
  } finally {
    await rm(dir, { recursive: true });
  }
}
