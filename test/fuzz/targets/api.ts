import { ArchiveError, encodeRecord, parseCanonical, record } from "@daybook/archive-core";
import { auditEnvelope, encodeEnvelope, envelope, event } from "@daybook/contract";
import type { Route } from "@daybook/runtime";
import { importRoutes, type ImportRoutesOptions } from "../../../services/capture/src/routes.ts";
import { exportRoutes } from "../../../services/evidence/src/routes.ts";
import { readingRoutes } from "../../../services/records/src/routes/reading.ts";
import { envelope as sampleEnvelope } from "../../bench/spine/events.ts";
import { holds, only, type Target } from "../target.ts";

const ID = "0".repeat(32);

/** JSON, or what a query string says. */
function valueOf(bytes: Buffer): unknown {
  const text = bytes.toString("utf8");
  try {
    return JSON.parse(text);
  } catch {
    const values: Record<string, string | string[]> = {};
    for (const [name, value] of new URLSearchParams(text)) {
      const before = values[name];
      values[name] = before === undefined ? value : [before, value].flat();
    }
    return values;
  }
}

const events: Target = {
  name: "envelope",
  prepare: () =>
    Promise.resolve({
      samples: [
        ...[1, 2, 3].map((i) => encodeEnvelope(sampleEnvelope(i))),
        encodeEnvelope(
          auditEnvelope(
            { actor: "ann", action: "search", detail: { words: "ferry", results: [ID] } },
            { deployment: "fuzz", at: new Date(0) },
          ),
        ),
      ],
      read(bytes) {
        const value = valueOf(bytes);
        event.safeParse(value);
        record.safeParse(value);
        const parsed = envelope.safeParse(value);
        if (!parsed.success) return;
        const json = encodeRecord(ID, parsed.data.event);
        holds(record.safeParse(parseCanonical(json)).success, "an event that is accepted makes a record");
      },
      // A lone surrogate has no canonical form.
      declared: only(ArchiveError),
    }),
};

// The handlers are not called: only what stands before them.
const nothing = {};
const routes: readonly Route[] = [
  ...importRoutes(nothing as ImportRoutesOptions),
  ...exportRoutes(...([nothing, nothing, nothing] as unknown as Parameters<typeof exportRoutes>)),
  ...readingRoutes(nothing as Parameters<typeof readingRoutes>[0]),
];

const requests: Target = {
  name: "requests",
  prepare: () =>
    Promise.resolve({
      samples: [
        "name=chat.txt&custodian=Ann%20Lee&dateOrder=dmy&zone=Europe%2FLondon",
        "q=ferry%20%22at%20nine%22&matter=00000000-0000-4000-8000-000000000000&network=whatsapp&network=sms&from=2024-01-01&limit=10",
        JSON.stringify({
          matter: "00000000-0000-4000-8000-000000000000",
          name: "P",
          query: "ferry",
          network: "whatsapp",
          formats: ["records", "html"],
          withSources: true,
        }),
        JSON.stringify({ id: ID, n: "3" }),
      ].map((text) => Buffer.from(text)),
      read(bytes) {
        const value = valueOf(bytes);
        for (const { params, query, body } of routes)
          for (const schema of [params, query, body]) schema?.safeParse(value);
      },
      declared: () => false,
    }),
};

export const apiTargets: readonly Target[] = [events, requests];
