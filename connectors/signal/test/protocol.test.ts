import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createRequire } from "node:module";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { IdentityKeyPair, PrivateKey } from "../src/libsignal.ts";
import { accessKeyOf } from "../src/protocol/access-key.ts";
import { openDeviceName, sealDeviceName } from "../src/protocol/device-name.ts";
import { ContentSchema } from "../src/protocol/gen/content_pb.ts";
import { EnvelopeSchema } from "../src/protocol/gen/envelope_pb.ts";
import { ProvisionMessageSchema } from "../src/protocol/gen/provisioning_pb.ts";
import { pad, unpad } from "../src/protocol/padding.ts";
import { openProvisioning } from "../src/protocol/provisioning-cipher.ts";
import { readContacts } from "../src/receiving/contacts.ts";
import { digestOf } from "../src/receiving/envelope.ts";
import { CAPABILITIES } from "../src/linking/register.ts";
import { data, sync } from "./support/contents.ts";
import { Proto } from "./support/mock-signal.ts";

const root = join(import.meta.dirname, "..");
const require = createRequire(import.meta.url);

it("reads a message as Signal's own codec writes it, and keeps what it does not know", () => {
  const theirs = Proto.Content.encode(
    data({
      body: "hello",
      timestamp: 1_700_000_000_000n,
      expireTimer: 60,
      groupV2: { masterKey: new Uint8Array(32).fill(1), revision: 3, groupChange: null },
      $unknown: [new Uint8Array([0xc2, 0x3e, 1, 65])],
    }),
  );
  const ours = fromBinary(ContentSchema, theirs);
  expect(ours.content).toMatchObject({
    case: "dataMessage",
    value: { body: "hello", timestamp: 1_700_000_000_000n, expireTimer: 60, groupV2: { revision: 3 } },
  });
  expect(Proto.Content.decode(new Uint8Array(toBinary(ContentSchema, ours)))).toEqual(
    Proto.Content.decode(theirs),
  );
});

it("writes what Signal's own codec reads: envelopes, syncs, provisioning", () => {
  const sent = fromBinary(
    ContentSchema,
    Proto.Content.encode(sync({ content: { request: { type: Proto.SyncMessage.Request.Type.KEYS } } })),
  );
  expect(sent.content).toMatchObject({
    value: { content: { case: "request", value: { type: 5 } } },
  });
  const envelope = toBinary(
    EnvelopeSchema,
    create(EnvelopeSchema, {
      type: 6,
      clientTimestamp: 5n,
      serverTimestamp: 7n,
      content: new Uint8Array([1, 2]),
    }),
  );
  expect(Proto.Envelope.decode(new Uint8Array(envelope))).toMatchObject({
    type: 6,
    clientTimestamp: 5n,
    serverTimestamp: 7n,
  });
  const provision = toBinary(
    ProvisionMessageSchema,
    create(ProvisionMessageSchema, {
      provisioningCode: "code",
      number: "+15550100",
      accountEntropyPool: "pool",
    }),
  );
  expect(Proto.ProvisionMessage.decode(new Uint8Array(provision))).toMatchObject({
    provisioningCode: "code",
    number: "+15550100",
    accountEntropyPool: "pool",
  });
});

it("has its generated code up to date with its definitions", () => {
  const out = mkdtempSync(join(tmpdir(), "daybook-proto-"));
  try {
    const buf = join(dirname(require.resolve("@bufbuild/buf/package.json")), "bin", "buf");
    execFileSync(process.execPath, [buf, "generate", "-o", out], {
      cwd: root,
      env: { ...process.env, PATH: `${join(root, "../../node_modules/.bin")}:${process.env.PATH ?? ""}` },
    });
    const [made, kept] = [join(out, "src/protocol/gen"), join(root, "src/protocol/gen")];
    expect(readdirSync(made)).toEqual(readdirSync(kept));
    for (const name of readdirSync(made))
      expect(readFileSync(join(kept, name), "utf8")).toBe(readFileSync(join(made, name), "utf8"));
  } finally {
    rmSync(out, { recursive: true });
  }
});

it("names Signal's library in one file alone", () => {
  const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).filter((f) =>
    f.endsWith(".ts"),
  );
  const naming = sources.filter((f) => readFileSync(join(root, "src", f), "utf8").includes("@signalapp/"));
  expect(naming).toEqual(["libsignal.ts"]);
});

it("pads to blocks of 80 bytes and back, and refuses what has no end mark", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (message) => {
      const padded = pad(message);
      expect(padded.length % 80).toBe(0);
      expect(Buffer.from(unpad(padded))).toEqual(Buffer.from(message));
    }),
  );
  for (const bad of [[], [0, 0], [1, 2]])
    expect(() => unpad(new Uint8Array(bad))).toThrow(expect.objectContaining({ code: "malformed" }) as Error);
});

it("opens a device's name with the account's key alone", () => {
  const identity = IdentityKeyPair.generate();
  const sealed = sealDeviceName("Daybook of the Treasury", identity.publicKey);
  expect(openDeviceName(sealed, identity.privateKey)).toBe("Daybook of the Treasury");
  expect(() => openDeviceName(sealed, PrivateKey.generate())).toThrow(
    expect.objectContaining({ code: "malformed" }) as Error,
  );
});

it("derives the access key that the published vector names", () => {
  // AES-256-GCM, key and nonce zero, first block of zeros: NIST's test case 14.
  expect(Buffer.from(accessKeyOf(new Uint8Array(32))).toString("hex")).toBe(
    "cea7403d4d606b6e074ec5d3baf39d18",
  );
});

it("refuses what was not sent to its code, whatever it is", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(() => openProvisioning(bytes, PrivateKey.generate())).toThrow(
        expect.objectContaining({ code: "malformed" }) as Error,
      );
    }),
    { numRuns: 200 },
  );
});

it("reads a contact list as far as it is whole, and never fails", () => {
  const entry = Proto.ContactDetails.encode({
    number: "+15550101",
    name: "Fred",
    avatar: null,
    expireTimer: null,
    aci: null,
    inboxPosition: null,
    expireTimerVersion: null,
    aciBinary: new Uint8Array(16).fill(5),
  });
  const list = Buffer.concat([Buffer.from([entry.length]), entry]);
  const fred = { serviceId: "05050505-0505-0505-0505-050505050505", name: "Fred", number: "+15550101" };
  expect(readContacts(Buffer.concat([list, list]))).toEqual([fred, fred]);
  expect(readContacts(Buffer.concat([list, list.subarray(0, 10)]))).toEqual([fred]);
  fc.assert(fc.property(fc.uint8Array(), (bytes) => Array.isArray(readContacts(bytes))));
});

it("knows an envelope again by its content, whatever the server adds", () => {
  const of = (serverTimestamp: bigint) =>
    toBinary(
      EnvelopeSchema,
      create(EnvelopeSchema, { type: 6, serverTimestamp, content: new Uint8Array([9, 9]) }),
    );
  expect(digestOf(of(1n))).toBe(digestOf(of(2n)));
  expect(digestOf(new Uint8Array([255]))).not.toBe(digestOf(new Uint8Array([254])));
});

it("offers the capabilities without which Signal links no device", () => {
  expect(CAPABILITIES).toEqual({ attachmentBackfill: true, spqr: true, usernameChangeSyncMessage: true });
});
