export { type CellOpener, type CellSealer, openCellsWith, sealCellsTo, type SealingKey } from "./cells.ts";
export { SEARCHED_KINDS } from "./codes.ts";
export { checkPostgres, type PostgresNeeds } from "./check.ts";
export { type CataloguePool, type CatalogueRole, openCatalogue } from "./connection.ts";
export { CatalogueError, type CatalogueErrorCode } from "./error.ts";
export { type Filters, type Held, type PartyThen } from "./filters.ts";
export { type Excerpt, excerptOf } from "./excerpt.ts";
export { type HitCount, type HitCounts } from "./hit-counts.ts";
export { marksOf } from "./mark.ts";
export { MEDIA_TYPES, type MediaType } from "./media.ts";
export { matches } from "./match.ts";
export { migrate } from "./migrate.ts";
export { type ParticipantNames } from "./people.ts";
export {
  openPostgresPool,
  type PostgresConnection,
  type PostgresConnection as CatalogueConnection,
  type PostgresPoolOptions,
  type PostgresTls,
} from "./postgres.ts";
export { type PostgresFault, postgresFault } from "./postgres-fault.ts";
export { parseQuery, type Query } from "./query.ts";
export { type CatalogueReader, createCatalogueReader, type Search } from "./reader.ts";
export { type RecordRef } from "./record-ref.ts";
export {
  createRecordIndexer,
  type DisposedRecord,
  type IndexedRecord,
  type LeafPosition,
  type RecordIndexer,
} from "./row.ts";
export { type PartyRun } from "./runs.ts";
export { MAX_CANDIDATES, type ReadTexts, type SearchPage } from "./search.ts";
export { type ConversationSummary } from "./thread/conversation-list.ts";
export { FOLLOW_UPS, type FollowUps } from "./thread/follow-ups.ts";
export { type ThreadPage, type ThreadReader, type Whereabouts } from "./thread/reader.ts";
export { type Extent, type Tally } from "./tallies.ts";
export { MAX_VOLUME_DAYS, type Volume } from "./volumes.ts";
export { type CatalogueState, type CatalogueWriter, createCatalogueWriter } from "./writer.ts";
