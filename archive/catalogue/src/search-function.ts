import { COUNTS_OF_HITS } from "./hit-counts.ts";
import { FLAG_RECIPIENTS_UNTOLD } from "./row.ts";

/** That a record's time is in the interval of `h`, its end not included. */
const within = (row: "r" | "p") => `
        CASE WHEN h ? 'from' THEN format(' AND ${row}.at >= %L::timestamptz', to_timestamp((h->>'from')::bigint / 1000.0)) ELSE '' END
        || CASE WHEN h ? 'to' THEN format(' AND ${row}.at < %L::timestamptz', to_timestamp((h->>'to')::bigint / 1000.0)) ELSE '' END`;

/** That a record does not say to whom it went, and is of a conversation in which the senders of `h` wrote. */
const AMONG = `
        format(' OR (r.flags & ${FLAG_RECIPIENTS_UNTOLD}) <> 0 AND r.conversation = ANY (ARRAY(SELECT DISTINCT p.conversation'
          || ' FROM catalogue.record p WHERE p.sender = ANY (%L::bigint[]) AND p.network = %L::smallint'
          || ' AND (p.flags & ${FLAG_RECIPIENTS_UNTOLD}) <> 0 AND p.conversation IS NOT NULL', translate(h->>'sender', '[]"', '{}'), h->>'network')
        || CASE WHEN scope IS NULL THEN '' ELSE format(' AND p.custodian = ANY (%L::bigint[])', scope) END
        || ${within("p")} || '))'`;

/**
 * `catalogue.search(q)`: the one place where a search becomes SQL.
 *
 * It runs as the owner, because under row-level security PostgreSQL uses an index only for operators marked
 * leakproof, and those of arrays are not: a reader's own `tokens @> ...` would read the whole table. So it
 * applies the reader's policy itself, and what it returns is joined to `record` under the policy again.
 *
 * `q`: `words`, a list of clauses that must all hold, each a list of alternatives, `{"all": tokens}` or
 * `{"any": tokens}`; `none`: tokens that must be absent; `filters`: lists by column, and `from`, `to`,
 * `spanFrom`, `spanTo` in milliseconds; `before`: `{at, shard, idx}` of the row to continue after; `limit`;
 * `held` is a list of custodians, each with `from` and `to` (not included), of which one must fit; `parties` one of
 * networks, each with keys of people, conversations of two with them, and the same interval; and `mode`:
 * - `walk`: newest first along an index, looking at `window` rows at most, and finding `hits` at most (`limit`
 *   unless given): a page of those, with their number;
 * - `page`: all hits first, fenced so that the planner cannot walk, with their exact number, then a page;
 * - `all`: every hit, in the order of the logs;
 * - `count`: their number;
 * - `runs`: in the order of time, each run of hits behind which none is for more than `silence` milliseconds: the time of
 *   its first as `at`, of its last as `counts`, and how many they are. Here `parties` is those who wrote, to whom it went,
 *   and conversations of two, without what others said among them.
 * `counted`: with a page, how many of its hits are of each network and kind.
 * `ROWS 10` has each hit's row looked up by its key: with more the planner would rather read the whole table.
 * Token lists are array literals. Everything of `q` gets into the statement quoted, never as text.
 */
export const SEARCH_FUNCTION = `
CREATE OR REPLACE FUNCTION catalogue.search(q jsonb)
RETURNS TABLE (shard smallint, idx bigint, at timestamptz, total bigint, counts jsonb)
LANGUAGE plpgsql STABLE ROWS 10 SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_custom_plan AS $search$
DECLARE
  rows_are text := 'r.at IS NOT NULL AND NOT r.disposed';
  scope constant bigint[] := catalogue.scope();
  tokens_are text := 'true';
  before_is text := 'true';
  counts_are constant text := CASE WHEN q->>'counted' = 'true' THEN $counts$${COUNTS_OF_HITS}$counts$ ELSE 'NULL::jsonb' END;
  newest_first constant text := 'ORDER BY at DESC, shard DESC, idx DESC';
  mode constant text := q->>'mode';
  hits constant int := coalesce(q->>'hits', q->>'limit')::int;
  clause jsonb;
  atom jsonb;
  either text;
  field text;
  keys bigint[];
BEGIN
  -- Told apart here, not in the statement: the planner could only guess how many rows a scope leaves.
  IF scope IS NOT NULL THEN
    rows_are := rows_are || format(' AND r.custodian = ANY (%L::bigint[])', scope);
  END IF;
  FOREACH field IN ARRAY ARRAY['custodian', 'conversation', 'account', 'sender', 'source', 'matter'] LOOP
    IF q->'filters' ? field THEN
      keys := (q->'filters'->>field)::bigint[];
      -- Of a single one PostgreSQL knows that its rows come in the order of the index.
      rows_are := rows_are || CASE WHEN cardinality(keys) = 1 THEN format(' AND r.%I = %L::bigint', field, keys[1])
        ELSE format(' AND r.%I = ANY (%L::bigint[])', field, keys) END;
    END IF;
  END LOOP;
  IF q->'filters' ? 'held' THEN
    SELECT string_agg(format('r.custodian = %L::bigint', h->>'custodian') || ${within("r")}, ' OR ')
    INTO either FROM jsonb_array_elements((q->'filters'->>'held')::jsonb) h;
    rows_are := rows_are || ' AND (' || coalesce(either, 'false') || ')';
  END IF;
  IF q->'filters' ? 'parties' THEN
    SELECT string_agg(format('r.network = %1$L::smallint AND (r.sender = ANY (%2$L::bigint[]) OR r.tokens && %2$L::bigint[] OR r.conversation = ANY (%3$L::bigint[])',
      h->>'network', translate(h->>'sender', '[]"', '{}'), translate(h->>'conversation', '[]"', '{}'))
      || CASE WHEN mode = 'runs' THEN '' ELSE ${AMONG} END || ')' || ${within("r")}, ' OR ')
    INTO either FROM jsonb_array_elements((q->'filters'->>'parties')::jsonb) h;
    rows_are := rows_are || ' AND (' || coalesce(either, 'false') || ')';
  END IF;
  FOREACH field IN ARRAY ARRAY['kind', 'network', 'method', 'provenance'] LOOP
    IF q->'filters' ? field THEN
      rows_are := rows_are || format(' AND r.%I = ANY (%L::smallint[])', field, q->'filters'->>field);
    END IF;
  END LOOP;
  IF q->'filters' ? 'from' THEN
    rows_are := rows_are || format(' AND r.at >= %L::timestamptz', to_timestamp((q->'filters'->>'from')::bigint / 1000.0));
  END IF;
  IF q->'filters' ? 'to' THEN
    rows_are := rows_are || format(' AND r.at <= %L::timestamptz', to_timestamp((q->'filters'->>'to')::bigint / 1000.0));
  END IF;
  IF q->'filters' ? 'spanFrom' THEN
    rows_are := rows_are || format(' AND r.span_to >= %L::timestamptz', to_timestamp((q->'filters'->>'spanFrom')::bigint / 1000.0));
  END IF;
  IF q->'filters' ? 'spanTo' THEN
    rows_are := rows_are || format(' AND r.span_from <= %L::timestamptz', to_timestamp((q->'filters'->>'spanTo')::bigint / 1000.0));
  END IF;

  FOR clause IN SELECT value FROM jsonb_array_elements(q->'words') LOOP
    either := NULL;
    FOR atom IN SELECT value FROM jsonb_array_elements(clause) LOOP
      either := concat_ws(' OR ', either, CASE
        WHEN atom ? 'all' THEN format('r.tokens @> %L::bigint[]', atom->>'all')
        -- Looking up each of a row's tokens in a hashed list beats comparing all with all.
        WHEN mode = 'walk' THEN format('EXISTS (SELECT FROM unnest(r.tokens) t WHERE t = ANY (%L::bigint[]))', atom->>'any')
        ELSE format('r.tokens && %L::bigint[]', atom->>'any') END);
    END LOOP;
    tokens_are := tokens_are || ' AND (' || coalesce(either, 'false') || ')';
  END LOOP;
  IF q ? 'none' THEN
    tokens_are := tokens_are || format(' AND (r.tokens && %L::bigint[]) IS NOT TRUE', q->>'none');
  END IF;
  IF q ? 'before' THEN
    before_is := format('(r.at, r.shard, r.idx) < (%L::timestamptz, %L::smallint, %L::bigint)',
      to_timestamp((q->'before'->>'at')::bigint / 1000.0), q->'before'->>'shard', q->'before'->>'idx');
  END IF;

  IF mode = 'walk' THEN
    RETURN QUERY EXECUTE format(
      'WITH h AS MATERIALIZED (SELECT r.shard, r.idx, r.at, r.network, r.kind FROM ('
      || 'SELECT r.shard, r.idx, r.at, r.network, r.kind, r.tokens FROM catalogue.record r WHERE %s AND %s %s LIMIT %s) r'
      || ' WHERE %s LIMIT %s) SELECT r.shard, r.idx, r.at, (SELECT count(*) FROM h), %s FROM h r %s LIMIT %s',
      rows_are, before_is, newest_first,
      CASE WHEN tokens_are = 'true' THEN least((q->>'window')::int, hits) ELSE (q->>'window')::int END,
      tokens_are, hits, counts_are, newest_first, (q->>'limit')::int);
  ELSIF mode = 'page' THEN
    RETURN QUERY EXECUTE format(
      'WITH h AS MATERIALIZED (SELECT r.shard, r.idx, r.at, r.network, r.kind FROM catalogue.record r WHERE %s AND %s)'
      || ' SELECT r.shard, r.idx, r.at, (SELECT count(*) FROM h), %s FROM h r WHERE %s %s LIMIT %s',
      rows_are, tokens_are, counts_are, before_is, newest_first, (q->>'limit')::int);
  ELSIF mode = 'all' THEN
    RETURN QUERY EXECUTE format(
      'WITH h AS MATERIALIZED (SELECT r.shard, r.idx, r.at FROM catalogue.record r WHERE %s AND %s)'
      || ' SELECT r.shard, r.idx, r.at, NULL::bigint, NULL::jsonb FROM h r ORDER BY r.shard, r.idx',
      rows_are, tokens_are);
  ELSIF mode = 'runs' THEN
    RETURN QUERY EXECUTE format(
      'WITH h AS (SELECT r.at, r.shard, r.idx, r.at - lag(r.at) OVER w > %L::interval AS apart FROM catalogue.record r'
      || ' WHERE %s AND %s WINDOW w AS (ORDER BY r.at, r.shard, r.idx)),'
      || ' n AS (SELECT h.at, count(*) FILTER (WHERE h.apart) OVER (ORDER BY h.at, h.shard, h.idx) AS run FROM h)'
      || ' SELECT NULL::smallint, NULL::bigint, min(n.at), count(*), to_jsonb((extract(epoch FROM max(n.at)) * 1000)::bigint)'
      || ' FROM n GROUP BY n.run ORDER BY n.run',
      make_interval(secs => (q->>'silence')::bigint / 1000.0), rows_are, tokens_are);
  ELSE
    RETURN QUERY EXECUTE format(
      'SELECT NULL::smallint, NULL::bigint, NULL::timestamptz, count(*), NULL::jsonb FROM catalogue.record r WHERE %s AND %s',
      rows_are, tokens_are);
  END IF;
END
$search$;
`;
