import { Readable } from "node:stream";
import { ConnectorError } from "@daybook/contract";
import { bytesSource } from "@daybook/exports";
import { importBackup } from "@daybook/sms";
import { CdrRefusal } from "../../../connectors/sms/src/cdr/options.ts";
import { cdrRows } from "../../../connectors/sms/src/cdr/rows.ts";
import { readPart } from "../../../connectors/sms/src/reading/part.ts";
import { decodePdu, encodePdu, Frames, SmppError } from "../../../connectors/sms/src/smpp/index.ts";
import { deliver, message, part, words } from "../../../connectors/sms/test/fixtures/pdus.ts";
import { backup, mms, sms } from "../../fakes/sms-backup.ts";
import { holds, only, type Target } from "../target.ts";

const PHOTO = Buffer.from("a photo of the pier");
const BACKUP = backup(
  sms({ body: "Can the ferry sail 🚢?" }),
  sms({ type: 2, body: "At <ten> & \u0000", status: 0 }),
  mms(
    { address: "+447700900001~+447700900002" },
    [
      { ct: "image/jpeg", name: "pier.jpg", data: PHOTO },
      { ct: "text/plain", name: "t.txt", text: "Look" },
    ],
    [["+447700900001", 137]],
  ),
);

const RECORDS = [
  'Id;From;To;Time\r\n1;447700900456;"+447700900123";04/03/2026 15:04:05\r\n',
  'Id;From;To;Time\n"a ""b""";HARBOUR;07700900123;04-03-2026T15:04\n',
];

const records: Target = {
  name: "sms-cdr",
  prepare: () =>
    Promise.resolve({
      samples: RECORDS.map((text) => Buffer.from(text)),
      async read(bytes) {
        const columns = { from: "From", to: "To", time: "Time", id: "Id" };
        const instantOf = (local: string) => Date.parse(`${local}Z`);
        const of = { dir: "/", columns, only: {}, delimiter: ";", dates: "dmy", instantOf } as const;
        const halves = [bytes.subarray(0, bytes.length / 2), bytes.subarray(bytes.length / 2)];
        for await (const row of cdrRows(Readable.from(halves), of)) {
          holds(Number.isSafeInteger(row.at), "a row has a time");
          holds(row.from.length <= 100 && row.to.length <= 100, "a number is short");
        }
      },
      declared: only(CdrRefusal),
    }),
};

const backups: Target = {
  name: "sms-backup",
  prepare: () =>
    Promise.resolve({
      samples: [Buffer.from(BACKUP)],
      async read(bytes) {
        const sha256 = "0".repeat(64);
        const found = await importBackup({ ...bytesSource(bytes, 100), sha256 });
        if (!found) return;
        await using file = found;
        for await (const entry of file.entries()) {
          holds(entry.eventId.length <= 200 && entry.sizeBytes < 2_000_000, "an entry fits into a record");
          const made = await entry.capture(
            {
              async attach(body, about) {
                let sizeBytes = 0;
                for await (const chunk of body) sizeBytes += chunk.length;
                holds(sizeBytes <= bytes.length, "no attachment is made up");
                return { ...about, sizeBytes, sha256, sealed: sha256, sessionKey: "" };
              },
            },
            { account: "a1", custodian: { id: "c1", name: "Ann" } },
          );
          for (const { event } of made) {
            const offset = event.source?.offsetBytes ?? -1;
            holds(offset >= 0 && offset <= bytes.length, "it stands in the file");
          }
        }
      },
      declared: only(ConnectorError),
    }),
};

const pdus: Target = {
  name: "smpp",
  prepare: () =>
    Promise.resolve({
      samples: [
        deliver(message(words("Can the ferry sail?"))),
        deliver(message(part(Buffer.from("half of"), { reference: 7, total: 2, number: 1 }))),
      ],
      read(bytes) {
        for (const pdu of new Frames().push(bytes)) {
          const written = encodePdu(decodePdu(pdu));
          holds(written.equals(pdu), "what parses is written as the same bytes");
          readPart(pdu, "gsm");
        }
      },
      declared: only(SmppError),
    }),
};

export const smsTargets: readonly Target[] = [backups, pdus, records];
