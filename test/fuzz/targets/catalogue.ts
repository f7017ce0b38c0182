import { CatalogueError, matches, parseQuery } from "@daybook/catalogue";
import { decodeCursor, encodeCursor } from "../../../archive/catalogue/src/cursor.ts";
import { interval } from "../../../archive/catalogue/src/filters.ts";
import { holds, only, type Target } from "../target.ts";

const declared = only(CatalogueError);
const texts = (...samples: string[]) => samples.map((text) => Buffer.from(text));

export const catalogueTargets: readonly Target[] = [
  {
    name: "query",
    prepare: () =>
      Promise.resolve({
        samples: texts(
          'ferry "leaves at nine" -car quor*',
          "ann OR bob e-mail",
          "渡し舟は九時 เรือข้ามฟาก *",
          "👍🏽 İstanbul ﬁ e\u0301",
        ),
        read(bytes) {
          const text = bytes.toString("utf8");
          const query = parseQuery(text.slice(0, 1_001));
          holds(typeof matches(query, text) === "boolean", "a query matches a text or does not");
        },
        declared,
      }),
  },
  {
    name: "cursor",
    prepare: () =>
      Promise.resolve({
        samples: texts(
          encodeCursor({ at: 1_700_000_000_000, shard: 0, index: 7, total: 31, exact: true }, "{}"),
          encodeCursor({ at: -1, shard: -1, index: 0, total: 0, exact: false }, "{}"),
        ),
        read(bytes) {
          const { at, shard, index } = decodeCursor(bytes.toString("utf8"), "{}");
          holds(
            [at, shard, index].every((value) => Number.isSafeInteger(value)),
            "a cursor is whole numbers",
          );
        },
        declared,
      }),
  },
  {
    name: "time-filter",
    prepare: () =>
      Promise.resolve({
        samples: texts("2024-02-29", "2024-03-04T15:04:05Z", "2024-03-04T15:04:05.123+01:00"),
        read(bytes) {
          const { first, last } = interval(bytes.toString("utf8"));
          holds(
            Number.isSafeInteger(first) && Number.isSafeInteger(last) && first <= last,
            "a time has an end",
          );
        },
        declared,
      }),
  },
];
