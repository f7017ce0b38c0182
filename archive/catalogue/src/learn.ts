import { type CellSealer, cellKeyId, type SealingKey } from "./cells.ts";
import { bytea, int8, timestamptz } from "./columns.ts";
import type { CatalogueSession } from "./connection.ts";
import type { Named } from "./names.ts";
import type { IndexedRecord } from "./row.ts";
import type { Word } from "./tokens.ts";

/** Names of one person, or titles of one conversation, that are kept at most: enough for a life, not for an attack. */
const MAX_NAMES = 64;

/**
 * Adds what a batch has that the catalogue has not seen: names, titles and words, sealed. What is stored is
 * remembered, but only once its transaction is committed, and only until something is disposed of (another
 * generation): then any of it may have gone.
 */
export interface Learner {
  /** Runs last in a transaction: until it commits, others who learn the same word wait. */
  learn(session: CatalogueSession, records: readonly IndexedRecord[]): Promise<{ committed(): void }>;
}

export function createLearner(sealer: CellSealer): Learner {
  let generation = -1;
  /** The sealing key whose wrapping is known to be stored. */
  let stored: SealingKey | undefined;
  async function learnNames(
    session: CatalogueSession,
    key: SealingKey,
    table: "participant" | "conversation",
    fresh: Named[],
  ): Promise<void> {
    if (fresh.length === 0) return;
    const name = table === "participant" ? "name_key" : "title_key";
    // Sealing is wasted on what another process has stored; that is rare and harmless.
    await session.query(
      `INSERT INTO catalogue.${table} (key, ${name}, at, cell_key, cell)
       SELECT u.key, u.name, u.at, $1::bigint, u.cell
       FROM unnest($2::bigint[], $3::bigint[], $4::timestamptz[], $5::bytea[]) AS u (key, name, at, cell)
       WHERE (SELECT count(*) FROM catalogue.${table} t WHERE t.key = u.key) < ${MAX_NAMES}
       ORDER BY u.key, u.name
       ON CONFLICT DO NOTHING`,
      [
        cellKeyId(key.wrapped),
        int8(fresh.map((f) => f.key)),
        int8(fresh.map((f) => f.nameKey)),
        timestamptz(fresh.map((f) => f.at)),
        bytea(fresh.map((f) => key.seal(Buffer.from(JSON.stringify(f.cell))))),
      ],
      `catalogue-${table}`,
    );
  }

  return {
    async learn(session, records) {
      const { rows } = await session.query(
        "SELECT number FROM catalogue.generation",
        [],
        "catalogue-generation",
      );
      const current = Number(rows[0]?.[0]);
      if (current !== generation) {
        stored = undefined;
        generation = current;
      }
      const words = new Set<Word>();
      const participants = new Set<Named>();
      const conversations = new Set<Named>();
      for (const record of records) {
        for (const word of record.words ?? []) if (word.storedAt < current) words.add(word);
        for (const name of record.names) if (name.storedAt < current) participants.add(name);
        if (record.title && record.title.storedAt < current) conversations.add(record.title);
      }
      const key = await sealer.current();
      const isNew = words.size + participants.size + conversations.size > 0;
      if (isNew && stored !== key) {
        await session.query(
          "INSERT INTO catalogue.cell_key (id, wrapped) VALUES ($1, $2) ON CONFLICT DO NOTHING",
          [cellKeyId(key.wrapped), Buffer.from(key.wrapped)],
        );
      }
      await learnNames(session, key, "participant", [...participants]);
      await learnNames(session, key, "conversation", [...conversations]);
      await learnWords(session, key, [...words]);

      return {
        committed() {
          if (generation !== current) return;
          if (isNew) stored = key;
          for (const learned of [words, participants, conversations]) {
            for (const one of learned) one.storedAt = current;
          }
        },
      };
    },
  };
}

async function learnWords(session: CatalogueSession, key: SealingKey, words: Word[]): Promise<void> {
  if (words.length === 0) return;
  const tokens = int8(words.map((word) => word.token));
  const { rows } = await session.query(
    `SELECT ordinality FROM unnest($1::bigint[]) WITH ORDINALITY AS u (token, ordinality)
     WHERE NOT EXISTS (SELECT FROM catalogue.word w WHERE w.token = u.token)`,
    [tokens],
    "catalogue-words-unknown",
  );
  const unknown = rows.flatMap(([at]) => words[Number(at) - 1] ?? []);
  if (unknown.length === 0) return;
  await session.query(
    `INSERT INTO catalogue.word (token, cell_key, cell)
     SELECT u.token, $1::bigint, u.cell FROM unnest($2::bigint[], $3::bytea[]) AS u (token, cell) ORDER BY u.token
     ON CONFLICT DO NOTHING`,
    [
      cellKeyId(key.wrapped),
      int8(unknown.map((word) => word.token)),
      bytea(unknown.map((word) => key.seal(Buffer.from(word.text)))),
    ],
    "catalogue-words",
  );
}
