import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ConnectorError } from "@daybook/contract";
import { openImage } from "../../../connectors/imessage/src/database/open.ts";
import { PlistError, readBinaryPlist } from "../../../connectors/imessage/src/plist/binary-plist.ts";
import { Messages } from "../../../connectors/imessage/src/reading/messages.ts";
import { readAttributedString } from "../../../connectors/imessage/src/typedstream/attributed-string.ts";
import { TypedstreamError } from "../../../connectors/imessage/src/typedstream/stream.ts";
import { binaryPlist, typedstream, writeStory } from "../../fakes/imessage/index.ts";
import { holds, only, type Target } from "../target.ts";

const database: Target = {
  name: "messages-database",
  prepare: async (dir) => {
    const db = writeStory(dir);
    db.checkpoint();
    db.close();
    return {
      samples: [await readFile(join(dir, "chat.db"))],
      read(bytes) {
        // Without the thread that an import reads it in: half a second each.
        const db = openImage(bytes);
        try {
          for (const { eventId, raw } of [...new Messages(db).entries()].flat())
            holds(eventId.length <= 500 && raw.length <= 1_000_000, "an entry fits into a record");
        } finally {
          db.close();
        }
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
