import { ArchiveError } from "@daybook/archive-core";
import {
  buildKeyBlock,
  formatKeyLines,
  generateArchiveKey,
  newSessionKey,
  openPacket,
  openStream,
  parseKeyLines,
  readKeyBlock,
  readPublicKeys,
  sealPacket,
  sealStream,
  unlockPrivateKey,
} from "@daybook/openpgp";
import { createPayloadOpener, createPayloadSealer, generateIngestKey, StreamError } from "@daybook/stream";
import { holds, only, type Target } from "../target.ts";

const declared = only(ArchiveError);
const TEXT = Buffer.from("The ferry leaves at nine. ".repeat(40));

async function* chunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 997) yield await Promise.resolve(bytes.subarray(at, at + 997));
}

async function whole(parts: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const part of parts) all.push(part);
  return Buffer.concat(all);
}

const packet: Target = {
  name: "packet",
  prepare() {
    const key = newSessionKey();
    const plaintexts = [TEXT, Buffer.alloc(0), Buffer.alloc(9_000, "x")];
    return Promise.resolve({
      samples: plaintexts.map((each) => sealPacket(each, key)),
      read(bytes) {
        const opened = openPacket(bytes, key);
        holds(
          plaintexts.some((each) => each.equals(opened)),
          "only what was sealed is opened",
        );
      },
      declared,
    });
  },
};

const sealedStream: Target = {
  name: "sealed-stream",
  async prepare() {
    const key = newSessionKey();
    const plaintexts = [TEXT, Buffer.alloc(200_000, "y")];
    return {
      samples: [
        ...(await Promise.all(plaintexts.map((each) => whole(sealStream(chunks(each), key))))),
        sealPacket(TEXT, key),
      ],
      async read(bytes) {
        const opened = await whole(openStream(chunks(bytes), key));
        holds(
          plaintexts.some((each) => each.equals(opened)),
          "only what was sealed is opened",
        );
      },
      declared,
    };
  },
};

const lines = Array.from({ length: 20 }, (_, index) => ({ index, key: newSessionKey() }));

const keyLines: Target = {
  name: "key-lines",
  prepare: () =>
    Promise.resolve({
      samples: [Buffer.from(formatKeyLines(lines))],
      read(bytes) {
        const text = bytes.toString("latin1");
        holds(formatKeyLines(parseKeyLines(text)) === text, "lines that are read are written the same");
      },
      declared,
    }),
};

const PASSPHRASE = "correct horse battery staple";
const generated = () =>
  generateArchiveKey({ userId: { name: "Fuzz" }, passphrase: PASSPHRASE, type: "curve25519" });

const keyBlock: Target = {
  name: "key-block",
  async prepare() {
    const { publicKey, privateKey } = await generated();
    const unlocked = await unlockPrivateKey(privateKey, PASSPHRASE);
    return {
      samples: [await buildKeyBlock(lines, await readPublicKeys(publicKey))],
      read: (bytes) => readKeyBlock(bytes, unlocked),
      declared,
    };
  },
};

const publicKeys: Target = {
  name: "public-keys",
  async prepare() {
    const [one, two] = await Promise.all([generated(), generated()]);
    return {
      samples: [one.publicKey, `${one.publicKey}\n${two.publicKey}`, one.privateKey].map((armored) =>
        Buffer.from(armored),
      ),
      read: (bytes) => readPublicKeys(bytes.toString("utf8")),
      declared,
    };
  },
};

const payload: Target = {
  name: "payload",
  async prepare() {
    const { kid, publicKey, privateKey } = await generateIngestKey();
    const opener = createPayloadOpener({ privateKey: (id) => (id === kid ? privateKey : undefined) });
    const sealer = createPayloadSealer({ publicKey: () => publicKey });
    return {
      samples: [Buffer.from(await sealer.seal(TEXT, "events/0"))],
      async read(bytes) {
        const opened = await opener.open(bytes, "events/0");
        holds(TEXT.equals(opened), "only what was sealed is opened");
      },
      declared: only(StreamError),
    };
  },
};

export const sealedTargets: readonly Target[] = [
  packet,
  sealedStream,
  keyLines,
  keyBlock,
  publicKeys,
  payload,
];
