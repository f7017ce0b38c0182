import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ConnectorError } from "@daybook/contract";
import { bytesSource, openZip } from "@daybook/exports";
import { importMessages } from "@daybook/imessage";
import { PlistError, readBinaryPlist } from "../../../connectors/imessage/src/plist/binary-plist.ts";
import { readAttributedString } from "../../../connectors/imessage/src/typedstream/attributed-string.ts";
import { TypedstreamError } from "../../../connectors/imessage/src/typedstream/stream.ts";
import { binaryPlist, typedstream, writeStory } from "../../fakes/imessage/index.ts";
import { holds, only, type Target } from "../target.ts";

const LIMITS = { entries: 1_000, totalBytes: 32 * 2 ** 20, ratio: 200 };

const database: Target = {
  name: "messages-database",
  prepare: async (dir) => {
    const db = writeStory(dir);
    db.checkpoint();
    db.close();
    return {
      samples: [await readFile(join(dir, "chat.db"))],
      async read(bytes) {
        const file = { ...bytesSource(bytes, 65_536), sha256: "0".repeat(64) };
        const found = await importMessages(file, (zip) => openZip(zip, LIMITS));
        if (!found) return;
        await using messages = found;
        for await (const { eventId, sizeBytes } of messages.entries())
          holds(eventId.length <= 600 && sizeBytes < 2_000_000, "an entry fits into a record");
      },
      declared: only(ConnectorError),
    };
  },
};

const bodies: Target = {
  name: "typedstream",
  prepare: () =>
    Promise.resolve({
      samples: [
        typedstream([{ text: "words 🚢" }, { text: "\ufffc", part: 1, fileGuid: "at_0" }, { text: "more" }]),
        typedstream([{ text: "é".repeat(400) }], { isMutable: true }),
      ],
      read(bytes) {
        const runs = readAttributedString(bytes);
        holds(runs.reduce((sum, { text }) => sum + text.length, 0) <= bytes.length, "no text is made up");
      },
      declared: only(TypedstreamError),
    }),
};

const lists: Target = {
  name: "binary-plist",
  prepare: () =>
    Promise.resolve({
      samples: [binaryPlist({ ec: { "0": [{ d: 1.5, t: Buffer.from("stream") }] }, rp: [0, 1], text: "é" })],
      read: readBinaryPlist,
      declared: only(PlistError),
    }),
};

export const messagesTargets: readonly Target[] = [database, bodies, lists];
