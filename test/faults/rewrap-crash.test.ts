import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { decodeSegment, parseSegmentName, segmentKey } from "@daybook/archive-core";
import { openDirectoryStores } from "@daybook/directory";
import {
  formatSessionKey,
  type KeyLine,
  openPacket,
  type PrivateKey,
  readKeyBlock,
  unlockPrivateKey,
  wrappedTo,
} from "@daybook/openpgp";
import { Gpg, gpgVersion } from "../../archive/openpgp/test/gpg.ts";
import { Daybook } from "../e2e/support/daybook.ts";

const PASSPHRASE = "correct horse battery staple";
/** Of each search the audit record is in a segment of its own, and its key in a block of its own. */
const SEARCHES = 24;
const LINGER_MS = 1_050;
const KILLS = 3;

const daybook = new Daybook();
afterAll(() => daybook.remove());

interface Keys {
  keys: { fingerprint: string; inForce: boolean }[];
  counted: { where: string; total: number; byKey: Record<string, number> }[];
}

const openStores = () => {
  const at = (name: string) => join(daybook.home, name);
  return openDirectoryStores({ objects: at("objects"), heads: at("heads"), keyring: at("keyring") });
};
const privateKey = async (name: string) => {
  const armored = await readFile(join(daybook.home, "keys", name), "utf8");
  return { armored, key: await unlockPrivateKey(armored, PASSPHRASE) };
};
const text = (lines: readonly KeyLine[]) =>
  lines
    .map(({ index, attachment, key }) => `${index}.${attachment ?? ""} ${formatSessionKey(key)}`)
    .join("\n");

/** Every key block, opened by whichever of the keys it is wrapped to. */
async function allLines(...keys: PrivateKey[]): Promise<Map<string, string>> {
  const { keyring } = await openStores();
  const found = new Map<string, string>();
  for await (const name of keyring.list("keyring/")) {
    const { body } = (await keyring.read(name))!;
    const key = keys.find(({ keyIds }) => wrappedTo(body).some((id) => keyIds.includes(id)));
    if (!key) throw new Error(`${name} is wrapped to none of the keys`);
    found.set(name, text(await readKeyBlock(body, key)));
  }
  return found;
}

/** Names, sizes and times of change of every locked file. */
async function lockedFiles(): Promise<Map<string, string>> {
  const { records } = await openStores();
  const found = new Map<string, string>();
  for await (const key of records.list("")) {
    const { sizeBytes, retainUntil, legalHold } = (await records.stat(key))!;
    found.set(key, `${sizeBytes} ${retainUntil.toISOString()} ${legalHold}`);
  }
  return found;
}

it("loses no key and repeats nothing when it is killed in the middle of a re-wrap, again and again", async () => {
  await daybook.up();
  const file = daybook.write("WhatsApp Chat with Ann.txt", "13/05/2024, 10:00 - Ann: the halcyon plan\n");
  await daybook.json(["import", file, "--custodian", "Ann"]);
  const { id } = await daybook.json<{ id: string }>([
    ...["matter", "open", "--title", "Keys", "--kind", "audit"],
  ]);
  const token = await readFile(join(daybook.home, "run/token"), "utf8");
  const search = async () =>
    (await fetch(`${daybook.facts.url}/api/v1/search?q=halcyon&matter=${id}`, {
      headers: { authorization: `Bearer ${token.trim()}` },
    }).then((answer) => answer.json())) as { total: number };
  for (let i = 0; i < SEARCHES; i += 1) {
    await search();
    await sleep(LINGER_MS);
  }
  const old = await privateKey("archive-private.asc");
  const added = await daybook.json<{ key: { fingerprint: string } }>(["keys", "add"]);
  const to = added.key.fingerprint;
  const next = await privateKey(`archive-private-${to}.asc`);
  await sleep(1_500);
  const before = await allLines(old.key, next.key);
  const locked = await lockedFiles();
  const rewrapped = async () => {
    const { keyring } = await openStores();
    let count = 0;
    for (const name of before.keys()) {
      const ids = wrappedTo((await keyring.read(name))!.body);
      if (!ids.some((id) => old.key.keyIds.includes(id))) count += 1;
    }
    return count;
  };
  let done = await rewrapped();
  let midway = 0;
  await daybook.json(["keys", "rewrap", "--to", to, "--drop", old.key.fingerprint]);
  for (let kill = 0; kill < KILLS && done < before.size; kill += 1) {
    let now = done;
    while (now === done) now = await rewrapped();
    await daybook.stop("SIGKILL");
    done = await rewrapped();
    if (done < before.size) midway += 1;
    const found = await allLines(old.key, next.key);
    for (const [name, lines] of before) expect(found.get(name)).toBe(lines);
    await daybook.up();
  }
  expect(midway).toBeGreaterThan(0);
  for (;;) {
    const { rewraps } = await daybook.json<{ rewraps: { state: string }[] }>(["keys", "rewrap", "status"]);
    expect(rewraps).toHaveLength(1);
    if (rewraps[0]!.state !== "running") {
      expect(rewraps[0]!.state).toBe("done");
      break;
    }
    await sleep(100);
  }
  const after = await allLines(next.key);
  for (const [name, lines] of before) expect(after.get(name)).toBe(lines);
  const lockedAfter = await lockedFiles();
  for (const [name, state] of locked) expect(lockedAfter.get(name)).toBe(state);

  expect((await daybook.json<{ ok: boolean }>(["log", "fsck"])).ok).toBe(true);
  expect((await search()).total).toBe(1);
  const { counted } = await daybook.json<Keys>(["keys", "list"]);
  for (const { total, byKey } of counted) expect(byKey).toEqual({ [to]: total });
  const retiring = await daybook.run(["keys", "retire", old.key.fingerprint, "--json"]);
  // The copies that the retention service took before the change are under a lock.
  const answer = JSON.parse(retiring.stdout) as { ok: boolean; needed: { where: string }[] };
  expect(answer.needed.map(({ where }) => where)).toEqual(answer.ok ? [] : ["snapshots"]);
  await daybook.stop();

  const { keyring, records } = await openStores();
  const [name] = [...before.keys()].filter((one) => one.startsWith("keyring/0/"));
  const { first, seg } = parseSegmentName(name!)!;
  const segment = decodeSegment(await records.get(segmentKey("0", first, seg)));
  const { body } = (await keyring.read(name!))!;
  const [line] = await readKeyBlock(body, next.key);
  const record = openPacket(segment.packet(0), line!.key).toString();
  expect(await readdir(join(daybook.home, "keys"))).toContain("recipients.json");
  if (gpgVersion === undefined) return;
  const gpg = await Gpg.start();
  try {
    await gpg.run(["--import"], Buffer.from(next.armored), PASSPHRASE);
    const opened = (await gpg.decrypt(body, PASSPHRASE)).toString();
    expect(opened.split("\n")[0]).toBe(`${first} ${formatSessionKey(line!.key)}`);
    const override = ["--override-session-key", formatSessionKey(line!.key)];
    expect((await gpg.decrypt(segment.packet(0), "", ...override)).toString()).toBe(record);
  } finally {
    await gpg.stop();
  }
}, 300_000);
