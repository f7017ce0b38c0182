import type { Change } from "@daybook/keeping";
import { z } from "zod";
import type { SeenRow } from "../database/seen-rows.ts";
import { aboutMessage } from "../reading/handed.ts";
import type { AgentKind, AgentState } from "./agent-state.ts";

const knownRow = z.object({
  ...aboutMessage.shape,
  /** As the database has it. */
  guid: z.string(),
  row: z.string(),
  /** Which database it was of: a number that rises when there is another. */
  of: z.int(),
  /** Its events that are in a batch, by digest. */
  events: z.array(z.string()),
  /** Its files that are in a batch or waited for, by digest. */
  files: z.array(z.string()).default([]),
  isGone: z.boolean().default(false),
  /** A test message of ours: nothing of it is handed over. */
  isTest: z.boolean().default(false),
  /** How it was then; none where that is not known. */
  mark: z.string().optional(),
});
/** What a start needs of each of them. */
const thereBefore = knownRow.pick({ guid: true, row: true, of: true, isGone: true, mark: true });
export type KnownRow = z.infer<typeof knownRow>;

/** What was put into batches of each row, by its id. */
export class KnownRows {
  readonly #state: AgentState;

  constructor(state: AgentState) {
    this.#state = state;
  }

  get(guid: string): KnownRow | undefined {
    return knownRow.safeParse(this.#state.get("row", guid)).data;
  }

  /** Those that were there when they were read last, as they were then, some at a time. */
  *there(of: number): Generator<(SeenRow & Pick<KnownRow, "mark">)[]> {
    for (const values of this.#state.each("row"))
      yield values.flatMap((value) => {
        const { data } = thereBefore.safeParse(value);
        return data && data.of === of && !data.isGone
          ? [{ rowid: BigInt(data.row), guid: data.guid, mark: data.mark }]
          : [];
      });
  }
}

/** @param guid as the database has it */
export function knownAs(guid: string, value: KnownRow): Change<AgentKind> {
  return { kind: "row", name: guid, value };
}
