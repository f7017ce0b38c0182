import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  anyOf,
  decryptWithKey,
  encryptToKeys,
  formatRecipients,
  generateArchiveKey,
  onlyKey,
  RecipientList,
} from "@daybook/openpgp";
import { CliError } from "../src/error.ts";
import { FileArchiveKeys } from "../src/keys/archive-keys.ts";
import { RecipientsFile } from "../src/keys/recipients-file.ts";

const passphrase = "correct horse battery";
const now = new Date("2026-03-01T00:00:00.000Z");
const later = new Date("2026-04-01T00:00:00.000Z");
const make = () => generateArchiveKey({ userId: { name: "Test" }, passphrase, type: "curve25519" });
const first = await make();
const escrow = await make();

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "daybook-archive-keys-"));
});
afterEach(async () => rm(dir, { recursive: true }));

/** The files of a home that was made before there could be several keys. */
async function home(publicKeys = first.publicKey) {
  await writeFile(join(dir, "archive-private.asc"), first.privateKey);
  await writeFile(join(dir, "archive-public.asc"), publicKeys);
  return open();
}
async function open() {
  const until = join(dir, "archive-public.asc");
  const recipients = await RecipientsFile.open(join(dir, "recipients.json"), { until });
  return FileArchiveKeys.open({ privateDir: dir, passphrase, recipients, generates: true });
}
const fingerprints = (of: readonly { fingerprint: string }[]) => of.map(({ fingerprint }) => fingerprint);

describe("an archive's keys in files", () => {
  it("are one key in a home as it was made before", async () => {
    const keys = await home();
    expect(fingerprints(keys.inForce(now))).toEqual([first.fingerprint]);
    expect(fingerprints(keys.privateKeys())).toEqual([first.fingerprint]);
    expect((await readdir(dir)).sort()).toEqual(["archive-private.asc", "archive-public.asc"]);
  });

  it("take a plain public key whose private half is not there for an escrow key, once there are dates", async () => {
    const keys = await home(first.publicKey + escrow.publicKey);
    expect(keys.recipients().keys.map(({ role }) => role)).toEqual(["archive", "escrow"]);
    expect(fingerprints(keys.inForce(now))).toEqual([first.fingerprint, escrow.fingerprint]);
  });

  it("are several once one was made, which open what each encrypts, also after a restart", async () => {
    const keys = await home();
    const old = await encryptToKeys(Buffer.from("old"), keys.inForce(now));
    const recipient = await onlyKey(await keys.generate!());
    expect(fingerprints(keys.inForce(later))).toEqual([first.fingerprint]);
    await keys.replace(
      new RecipientList([...keys.recipients().keys, { recipient, role: "archive", from: later }]),
    );
    expect(fingerprints(keys.inForce(now))).toEqual([first.fingerprint]);
    expect(fingerprints(keys.inForce(later))).toEqual([recipient.fingerprint]);
    const fresh = await encryptToKeys(Buffer.from("new"), keys.inForce(later));

    const again = await open();
    const holder = anyOf(() => again.privateKeys());
    expect((await decryptWithKey(old, holder)).toString()).toBe("old");
    expect((await decryptWithKey(fresh, holder)).toString()).toBe("new");
    const made = `archive-private-${recipient.fingerprint}.asc`;
    for (const name of [made, "recipients.json"]) {
      expect((await stat(join(dir, name))).mode & 0o777).toBe(0o600);
    }
    expect(await readFile(join(dir, made), "utf8")).toContain("BEGIN PGP PRIVATE KEY BLOCK");
    expect(await readFile(join(dir, "recipients.json"), "utf8")).not.toContain("PRIVATE");
  });

  it("count no retired key among those that open", async () => {
    const keys = await home();
    const recipient = await onlyKey(await keys.generate!());
    const [before] = keys.recipients().keys;
    await keys.replace(
      new RecipientList([
        { ...before!, retired: now },
        { recipient, role: "archive" },
      ]),
    );
    expect(fingerprints((await open()).privateKeys())).toEqual([recipient.fingerprint]);
  });
});

describe("a file of recipients", () => {
  it("is read again while it is in use, and what is no such file changes nothing", async () => {
    const path = join(dir, "recipients.json");
    await writeFile(path, first.publicKey);
    const file = await RecipientsFile.open(path);
    const second = await onlyKey(escrow.publicKey);
    const list = new RecipientList([...file.list.keys, { recipient: second, role: "archive", from: later }]);
    await writeFile(path, formatRecipients(list));
    expect(fingerprints(file.inForce(later))).toEqual([first.fingerprint]);
    await file.refresh();
    expect(fingerprints(file.inForce(now))).toEqual([first.fingerprint]);
    expect(fingerprints(file.inForce(later))).toEqual([second.fingerprint]);
    await writeFile(path, first.privateKey);
    await expect(file.refresh()).rejects.toMatchObject({ code: "malformed" });
    expect(fingerprints(file.inForce(later))).toEqual([second.fingerprint]);
  });

  it("is one clear refusal where it is missing, holds a private key, or nobody is in force", async () => {
    const path = join(dir, "recipients.json");
    const opening = () => RecipientsFile.open(path);
    await expect(opening()).rejects.toThrow(CliError);
    await expect(opening()).rejects.toThrow(path);
    await writeFile(path, first.privateKey);
    await expect(opening()).rejects.toThrow(/give only the public key/);
    const recipient = await onlyKey(first.publicKey);
    const from = new Date(Date.now() + 86_400_000);
    await writeFile(path, formatRecipients(new RecipientList([{ recipient, role: "archive", from }])));
    await expect(opening()).rejects.toThrow(/no archive key is in force yet/);
  });
});
