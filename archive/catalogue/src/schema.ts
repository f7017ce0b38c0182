import { SEARCH_FUNCTION } from "./search-function.ts";

/**
 * The catalogue's versions, oldest first. Never change one that has been released: append.
 *
 * Everything in here is a number, a time, a keyed identifier or sealed. A disposed record keeps its row, cut
 * to its id and place, so that a redelivery stays a duplicate: the uniqueness of `id` needs no lock for that.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE catalogue.record (
    id uuid NOT NULL,
    idx bigint NOT NULL,
    segment bigint,
    account bigint, custodian bigint, conversation bigint, sender bigint,
    network_id bigint, target bigint, reply_to bigint, source bigint, matter bigint,
    at timestamptz(3), captured_at timestamptz(3), span_from timestamptz(3), span_to timestamptz(3),
    off int, len int,
    shard smallint NOT NULL,
    kind smallint, network smallint, method smallint, provenance smallint, attachments smallint,
    flags smallint,
    disposed boolean NOT NULL DEFAULT false,
    tokens bigint[],
    PRIMARY KEY (shard, idx),
    CONSTRAINT record_whole_or_disposed CHECK (CASE WHEN disposed
      THEN num_nonnulls(segment, account, custodian, conversation, sender, network_id, target, reply_to, source,
        matter, at, captured_at, span_from, span_to, off, len, kind, network, method, provenance, attachments,
        flags, tokens) = 0
      ELSE num_nulls(segment, account, at, captured_at, off, len, kind, network, method, provenance,
        attachments, flags) = 0 END)
  );
  CREATE UNIQUE INDEX record_id ON catalogue.record (id);
  CREATE INDEX record_at ON catalogue.record (at, shard, idx) WHERE at IS NOT NULL;
  CREATE INDEX record_custodian ON catalogue.record (custodian, at) WHERE custodian IS NOT NULL;
  CREATE INDEX record_conversation ON catalogue.record (conversation, at) WHERE conversation IS NOT NULL;
  CREATE INDEX record_sender ON catalogue.record (sender, at) WHERE sender IS NOT NULL;
  CREATE INDEX record_network_id ON catalogue.record (network_id) WHERE network_id IS NOT NULL;
  CREATE INDEX record_target ON catalogue.record (target) WHERE target IS NOT NULL;
  CREATE INDEX record_reply_to ON catalogue.record (reply_to) WHERE reply_to IS NOT NULL;
  CREATE INDEX record_source ON catalogue.record (source, kind) WHERE source IS NOT NULL;
  CREATE INDEX record_matter ON catalogue.record (matter, at) WHERE matter IS NOT NULL;
  CREATE INDEX record_span ON catalogue.record (span_from, span_to) WHERE span_from IS NOT NULL;
  CREATE INDEX record_tokens ON catalogue.record USING gin (tokens) WITH (fastupdate = on);

  CREATE TABLE catalogue.segment (
    shard smallint NOT NULL, first_index bigint NOT NULL, digest bytea NOT NULL CHECK (length(digest) = 32),
    PRIMARY KEY (shard, first_index)
  );
  CREATE TABLE catalogue.state (
    shard smallint PRIMARY KEY, size bigint NOT NULL, stream text NOT NULL, partition int NOT NULL,
    next_offset bigint NOT NULL
  );
  CREATE TABLE catalogue.cell_key (id bigint PRIMARY KEY, wrapped bytea NOT NULL);
  CREATE TABLE catalogue.participant (
    key bigint NOT NULL, name_key bigint NOT NULL, at timestamptz(3) NOT NULL,
    cell_key bigint NOT NULL, cell bytea NOT NULL, PRIMARY KEY (key, name_key)
  );
  CREATE TABLE catalogue.conversation (
    key bigint NOT NULL, title_key bigint NOT NULL, at timestamptz(3) NOT NULL,
    cell_key bigint NOT NULL, cell bytea NOT NULL, PRIMARY KEY (key, title_key)
  );
  CREATE INDEX conversation_title ON catalogue.conversation (title_key);
  CREATE TABLE catalogue.word (
    token bigint PRIMARY KEY, added xid8 NOT NULL DEFAULT pg_current_xact_id(),
    cell_key bigint NOT NULL, cell bytea NOT NULL
  );
  CREATE INDEX word_added ON catalogue.word (added, token);
  CREATE TABLE catalogue.generation (one boolean PRIMARY KEY CHECK (one), number bigint NOT NULL);
  INSERT INTO catalogue.generation VALUES (true, 0);

  CREATE FUNCTION catalogue.scope() RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE SET search_path = '' AS $$
    SELECT nullif(current_setting('catalogue.scope', true), '')::bigint[]
  $$;
  ALTER TABLE catalogue.record ENABLE ROW LEVEL SECURITY;
  CREATE POLICY writer ON catalogue.record TO catalogue_writer USING (true) WITH CHECK (true);
  CREATE POLICY reader ON catalogue.record FOR SELECT TO catalogue_reader USING (
    NOT disposed AND ((SELECT catalogue.scope()) IS NULL OR custodian = ANY ((SELECT catalogue.scope())::bigint[]))
  );

  -- Names and titles are seen where a record that has them is.
  ALTER TABLE catalogue.participant ENABLE ROW LEVEL SECURITY;
  CREATE POLICY writer ON catalogue.participant TO catalogue_writer USING (true) WITH CHECK (true);
  CREATE POLICY reader ON catalogue.participant FOR SELECT TO catalogue_reader USING (
    EXISTS (SELECT FROM catalogue.record r WHERE r.sender = key)
    OR EXISTS (SELECT FROM catalogue.record r WHERE r.custodian = key)
  );
  ALTER TABLE catalogue.conversation ENABLE ROW LEVEL SECURITY;
  CREATE POLICY writer ON catalogue.conversation TO catalogue_writer USING (true) WITH CHECK (true);
  CREATE POLICY reader ON catalogue.conversation FOR SELECT TO catalogue_reader USING (
    EXISTS (SELECT FROM catalogue.record r WHERE r.conversation = key)
  );

  CREATE FUNCTION catalogue.statistics() RETURNS TABLE (
    rows float4, attribute text, null_fraction float4, distinct_values float4, vals text[], freqs float4[], elems text[],
    elem_freqs float4[], bounds text[]
  ) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT c.reltuples, s.attname::text, s.null_frac, s.n_distinct, s.most_common_vals::text::text[], s.most_common_freqs,
      s.most_common_elems::text::text[], s.most_common_elem_freqs,
      CASE WHEN s.attname = 'at' THEN s.histogram_bounds::text::text[] END
    FROM pg_catalog.pg_class c
    LEFT JOIN pg_catalog.pg_stats s ON s.schemaname = 'catalogue' AND s.tablename = 'record' AND s.attname IN
      ('tokens', 'at', 'custodian', 'conversation', 'account', 'sender', 'network', 'kind', 'method', 'provenance')
    WHERE c.oid = 'catalogue.record'::pg_catalog.regclass
  $$;
  CREATE FUNCTION catalogue.flush_tokens() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = '' AS $$
    SELECT pg_catalog.gin_clean_pending_list('catalogue.record_tokens'::pg_catalog.regclass)
  $$;
  ${SEARCH_FUNCTION}

  REVOKE ALL ON ALL FUNCTIONS IN SCHEMA catalogue FROM PUBLIC;
  GRANT USAGE ON SCHEMA catalogue TO catalogue_writer, catalogue_reader;
  GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE, MAINTAIN ON ALL TABLES IN SCHEMA catalogue TO catalogue_writer;
  GRANT SELECT ON ALL TABLES IN SCHEMA catalogue TO catalogue_reader;
  GRANT EXECUTE ON FUNCTION catalogue.scope(), catalogue.statistics(), catalogue.search(jsonb) TO catalogue_reader;
  GRANT EXECUTE ON FUNCTION catalogue.scope(), catalogue.statistics(), catalogue.flush_tokens() TO catalogue_writer;
  `,
  `
  -- The generation up to which what disposals left on disk has been reclaimed.
  ALTER TABLE catalogue.generation ADD COLUMN reclaimed bigint NOT NULL DEFAULT 0;
  `,
  `
  -- The words of the records that a narrowed session sees.
  CREATE FUNCTION catalogue.scope_tokens() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = '' AS $$
    SELECT DISTINCT unnest(r.tokens) FROM catalogue.record r
    WHERE r.custodian = ANY ((SELECT catalogue.scope())::bigint[]) AND NOT r.disposed
  $$;
  REVOKE ALL ON FUNCTION catalogue.scope_tokens() FROM PUBLIC;
  GRANT EXECUTE ON FUNCTION catalogue.scope_tokens() TO catalogue_reader;
  `,
  `
  -- A rebuild was begun and is not known to be through: rows are missing that nobody may take for absent.
  ALTER TABLE catalogue.generation ADD COLUMN rebuilding boolean NOT NULL DEFAULT false;
  `,
  `
  -- Whether Daybook was listening to an account at a time.
  CREATE INDEX record_listening_from ON catalogue.record (account, span_from) WHERE span_from IS NOT NULL;
  CREATE INDEX record_listening_to ON catalogue.record (account, span_to) WHERE span_from IS NOT NULL;
  `,
  // With intervals of custodians: the next one makes it.
  "",
  // With counts by network and kind: a function's columns only change with the function.
  `
  DROP FUNCTION catalogue.search(jsonb);
  ${SEARCH_FUNCTION}
  REVOKE ALL ON FUNCTION catalogue.search(jsonb) FROM PUBLIC;
  GRANT EXECUTE ON FUNCTION catalogue.search(jsonb) TO catalogue_reader;
  `,
  // With people outside: the next one makes it.
  "",
  // With those to whom something went, and when somebody was heard of.
  SEARCH_FUNCTION,
];
