import {
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  randomBytes,
} from "node:crypto";
import {
  createPayloadOpener,
  createPayloadSealer,
  generateIngestKey,
  type IngestKey,
  StreamError,
} from "@daybook/stream";
import fc from "fast-check";

const CONTEXT = "daybook.events/0";
let key: IngestKey;
let other: IngestKey;
beforeAll(async () => {
  [key, other] = await Promise.all([generateIngestKey(), generateIngestKey()]);
});

const openerOf = (...keys: IngestKey[]) =>
  createPayloadOpener({ privateKey: (kid) => keys.find((each) => each.kid === kid)?.privateKey });
const sealerTo = ({ publicKey }: IngestKey) => createPayloadSealer({ publicKey: () => publicKey });
const undecryptable = { name: "StreamError", code: "undecryptable", retryable: false };

describe("a payload", () => {
  it("opens to what was sealed, by the key it names and in its place", async () => {
    const [sealer, opener] = [sealerTo(key), openerOf(other, key)];
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 5_000 }), fc.string(), async (plaintext, context) => {
        const payload = await sealer.seal(plaintext, context);
        expect(Buffer.from(await opener.open(payload, context)).equals(plaintext)).toBe(true);
      }),
    );
  });

  it("opens alone, in any order, by an opener that has seen no other", async () => {
    const sealer = sealerTo(key);
    const payloads = await Promise.all([1, 2, 3].map((value) => sealer.seal(Buffer.from([value]), CONTEXT)));

    for (const [i, payload] of [...payloads.entries()].reverse()) {
      expect(Buffer.from(await openerOf(key).open(payload, CONTEXT))).toEqual(Buffer.from([i + 1]));
    }
  });

  it("is refused with any one bit changed", async () => {
    const payload = await sealerTo(key).seal(Buffer.from("words"), CONTEXT);
    const opener = openerOf(key);
    for (let bit = 0; bit < payload.length * 8; bit += 1) {
      const altered = Buffer.from(payload);
      altered[bit >> 3]! ^= 1 << (bit & 7);
      // The last bit of an X25519 public key means nothing (RFC 7748, section 5), but it is authenticated.
      await expect(opener.open(altered, CONTEXT)).rejects.toMatchObject(undecryptable);
    }
  });

  it("is refused at any other length", async () => {
    const payload = await sealerTo(key).seal(Buffer.from("words"), CONTEXT);
    const opener = openerOf(key);
    for (let length = 0; length < payload.length; length += 1) {
      await expect(opener.open(payload.subarray(0, length), CONTEXT)).rejects.toMatchObject(undecryptable);
    }
    await expect(opener.open(Buffer.concat([payload, Buffer.alloc(1)]), CONTEXT)).rejects.toMatchObject(
      undecryptable,
    );
  });

  it("is refused in another place", async () => {
    const payload = await sealerTo(key).seal(Buffer.from("words"), CONTEXT);

    for (const place of ["daybook.events/1", "daybook.audit/0", "", `${CONTEXT} `]) {
      await expect(openerOf(key).open(payload, place)).rejects.toMatchObject(undecryptable);
    }
  });

  it("is refused under another private key that goes by the same id", async () => {
    const payload = await sealerTo(key).seal(Buffer.from("words"), CONTEXT);
    const opener = createPayloadOpener({ privateKey: () => other.privateKey });

    await expect(opener.open(payload, CONTEXT)).rejects.toMatchObject(undecryptable);
  });

  it("is refused, naming the key, when there is none", async () => {
    const payload = await sealerTo(key).seal(Buffer.from("words"), CONTEXT);

    await expect(openerOf(other).open(payload, CONTEXT)).rejects.toMatchObject({
      ...undecryptable,
      message: expect.stringContaining(key.kid) as string,
    });
  });

  it("is refused when its ephemeral key is a point of small order", async () => {
    const payload = Buffer.from(await sealerTo(key).seal(Buffer.from("words"), CONTEXT));
    payload.fill(0, 9, 41);

    await expect(openerOf(key).open(payload, CONTEXT)).rejects.toMatchObject(undecryptable);
  });

  it("made of any bytes is refused as nothing worse", async () => {
    const opener = openerOf(key);
    const kid = Buffer.from(key.kid, "hex");
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 120 }), fc.boolean(), async (bytes, plausible) => {
        const payload = plausible ? Buffer.concat([Buffer.of(1), kid, bytes]) : bytes;
        const error: unknown = await opener.open(payload, CONTEXT).catch((cause: unknown) => cause);
        expect(error).toBeInstanceOf(StreamError);
        expect(error).toMatchObject(undecryptable);
      }),
    );
  });

  it("shows no part of what it holds", async () => {
    const words = Buffer.from("the minister will see you at noon");
    const payload = Buffer.from(await sealerTo(key).seal(words, CONTEXT));

    expect(payload.includes(words.subarray(0, 4))).toBe(false);
    expect(payload.length).toBe(words.length + 61);
  });

  it("is HPKE as RFC 9180 has it: another implementation opens it", async () => {
    const payload = Buffer.from(await sealerTo(key).seal(Buffer.from("words"), CONTEXT));
    const header = payload.subarray(0, 45);
    const decipher = createDecipheriv(
      "aes-256-gcm",
      exportedKey(key, payload.subarray(9, 41)),
      Buffer.concat([Buffer.alloc(8), payload.subarray(41, 45)]),
    );
    decipher.setAAD(Buffer.concat([header, Buffer.from(CONTEXT)])).setAuthTag(payload.subarray(-16));

    expect(Buffer.concat([decipher.update(payload.subarray(45, -16)), decipher.final()]).toString()).toBe(
      "words",
    );
  });
});

describe("a sealer", () => {
  it("never uses a nonce twice, though many seal at once", async () => {
    const sealer = sealerTo(key);
    const payloads = await Promise.all(
      Array.from({ length: 9_000 }, () => sealer.seal(Buffer.alloc(1), CONTEXT)),
    );
    const places = payloads.map((payload) => Buffer.from(payload.subarray(9, 45)).toString("hex"));

    expect(new Set(places).size).toBe(9_000);
  });

  it("starts another content key after 4,096 payloads", async () => {
    const sealer = sealerTo(key);
    const counts = new Map<string, number>();
    for (let i = 0; i < 10_000; i += 1) {
      const enc = encOf(await sealer.seal(Buffer.alloc(1), CONTEXT));
      counts.set(enc, (counts.get(enc) ?? 0) + 1);
    }

    expect([...counts.values()]).toEqual([4_096, 4_096, 1_808]);
  });

  it("starts another content key after ten minutes", async () => {
    let now = 0;
    const sealer = createPayloadSealer({ publicKey: () => key.publicKey, now: () => now });
    const seal = async () => encOf(await sealer.seal(Buffer.alloc(1), CONTEXT));
    const first = await seal();
    now = 10 * 60_000 - 1;
    expect(await seal()).toBe(first);
    now = 10 * 60_000;
    expect(await seal()).not.toBe(first);
  });

  it("seals to a new ingest key from the moment there is one", async () => {
    let current = key;
    const sealer = createPayloadSealer({ publicKey: () => current.publicKey });
    const before = await sealer.seal(Buffer.from("old"), CONTEXT);
    current = other;
    const after = await sealer.seal(Buffer.from("new"), CONTEXT);

    await expect(openerOf(other).open(before, CONTEXT)).rejects.toMatchObject(undecryptable);
    expect(Buffer.from(await openerOf(other).open(after, CONTEXT)).toString()).toBe("new");
  });

  it.each(["", "AAAA", randomBytes(33).toString("base64")])(
    "refuses the public key %p without repeating it",
    async (wrong) => {
      const sealing = sealerTo({ ...key, publicKey: wrong }).seal(Buffer.alloc(1), CONTEXT);

      await expect(sealing).rejects.toThrow(new TypeError("the ingest public key is not 32 bytes in base64"));
    },
  );

  it("goes on once its key is right again", async () => {
    let publicKey = "";
    const sealer = createPayloadSealer({ publicKey: () => publicKey });
    await expect(sealer.seal(Buffer.alloc(1), CONTEXT)).rejects.toThrow(TypeError);
    ({ publicKey } = key);

    expect(await openerOf(key).open(await sealer.seal(Buffer.alloc(1), CONTEXT), CONTEXT)).toHaveLength(1);
  });
});

describe("an opener", () => {
  it("opens nothing more of a key that was destroyed, though it had opened some", async () => {
    const keys = new Map([[key.kid, key.privateKey]]);
    const opener = createPayloadOpener({ privateKey: (kid) => keys.get(kid) });
    const payload = await sealerTo(key).seal(Buffer.from("words"), CONTEXT);
    await opener.open(payload, CONTEXT);
    keys.delete(key.kid);
    await expect(opener.open(payload, CONTEXT)).rejects.toMatchObject(undecryptable);

    // Were the content key still in memory, it would open whatever stands in for the ingest key.
    keys.set(key.kid, other.privateKey);
    await expect(opener.open(payload, CONTEXT)).rejects.toMatchObject(undecryptable);
  });

  it("goes on opening what it has forgotten the content key of", async () => {
    const opener = openerOf(key);
    const first = await sealerTo(key).seal(Buffer.from("first"), CONTEXT);
    await opener.open(first, CONTEXT);
    for (let i = 0; i < 1_100; i += 1) {
      await opener.open(await sealerTo(key).seal(Buffer.alloc(1), CONTEXT), CONTEXT);
    }

    expect(Buffer.from(await opener.open(first, CONTEXT)).toString()).toBe("first");
  });
});

describe("an ingest key", () => {
  it("goes by a digest of its public half, and is new each time", async () => {
    expect(key.kid).toMatch(/^[0-9a-f]{16}$/);
    expect(key.kid).not.toBe(other.kid);
    expect(Buffer.from(key.publicKey, "base64")).toHaveLength(32);
    expect(Buffer.from(key.privateKey, "base64")).toHaveLength(32);
    expect(new Date(key.createdAt).toISOString()).toBe(key.createdAt);
  });
});

function encOf(payload: Uint8Array): string {
  return Buffer.from(payload.subarray(9, 41)).toString("hex");
}

/** HPKE base mode, recipient's side, export only, over node:crypto: RFC 9180 sections 4, 4.1, 5.1 and 5.3. */
function exportedKey({ publicKey, privateKey }: IngestKey, enc: Buffer): Buffer {
  const kem = Buffer.concat([Buffer.from("KEM"), Buffer.of(0x00, 0x20)]);
  const hpke = Buffer.concat([Buffer.from("HPKE"), Buffer.of(0x00, 0x20, 0x00, 0x01, 0xff, 0xff)]);
  const crv = { kty: "OKP", crv: "X25519" };
  const pk = Buffer.from(publicKey, "base64");
  const dh = diffieHellman({
    privateKey: createPrivateKey({
      key: {
        ...crv,
        x: pk.toString("base64url"),
        d: Buffer.from(privateKey, "base64").toString("base64url"),
      },
      format: "jwk",
    }),
    publicKey: createPublicKey({ key: { ...crv, x: enc.toString("base64url") }, format: "jwk" }),
  });
  const eaePrk = labeledExtract(kem, Buffer.alloc(0), "eae_prk", dh);
  const shared = labeledExpand(kem, eaePrk, "shared_secret", Buffer.concat([enc, pk]));
  const context = Buffer.concat([
    Buffer.of(0),
    labeledExtract(hpke, Buffer.alloc(0), "psk_id_hash", Buffer.alloc(0)),
    labeledExtract(hpke, Buffer.alloc(0), "info_hash", Buffer.from("daybook stream payload v1")),
  ]);
  const secret = labeledExtract(hpke, shared, "secret", Buffer.alloc(0));
  const exporter = labeledExpand(hpke, secret, "exp", context);
  return labeledExpand(hpke, exporter, "sec", Buffer.from("content key"));
}

function labeledExtract(suite: Buffer, salt: Buffer, label: string, ikm: Buffer): Buffer {
  const key = salt.length === 0 ? Buffer.alloc(32) : salt;
  return createHmac("sha256", key).update("HPKE-v1").update(suite).update(label).update(ikm).digest();
}

/** Of 32 bytes: HKDF-Expand (RFC 5869, section 2.3) needs one block. */
function labeledExpand(suite: Buffer, prk: Buffer, label: string, info: Buffer): Buffer {
  const hmac = createHmac("sha256", prk).update(Buffer.of(0, 32)).update("HPKE-v1").update(suite);
  return hmac.update(label).update(info).update(Buffer.of(1)).digest();
}
