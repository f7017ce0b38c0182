export { type CellOpener, type CellSealer, openCellsWith, sealCellsTo, type SealingKey } from "./cells.ts";
export { SEARCHED_KINDS } from "./codes.ts";
export { checkPostgres, type PostgresNeeds } from "./check.ts";
export { type CataloguePool, type CatalogueRole, openCatalogue } from "./connection.ts";
export { CatalogueError, type CatalogueErrorCode } from "./error.ts";
export { type Filters } from "./filters.ts";
export { matches } from "./match.ts";
export { migrate } from "./migrate.ts";
export { type ConversationSummary, type ParticipantNames } from "./people.ts";
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
export { MAX_CANDIDATES, type ReadTexts, type SearchPage } from "./search.ts";
export { type CatalogueState, type CatalogueWriter, createCatalogueWriter } from "./writer.ts";
