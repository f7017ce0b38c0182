import type { CatalogueReader } from "@daybook/catalogue";
import type { Route } from "@daybook/runtime";
import type { ArchiveReader } from "../archive-reader.ts";
import { auditRoutes } from "../audits/audit-routes.ts";
import { Audits } from "../audits/audits.ts";
import type { Cells } from "../cells.ts";
import type { Database } from "../database.ts";
import type { Matters } from "../matters/matters.ts";
import type { Operations } from "../operations.ts";
import type { Posts } from "../posts/posts.ts";
import { Proving } from "../proving.ts";
import type { Reading } from "../reading.ts";
import { refusalRoutes } from "../refusals/refusal-routes.ts";
import type { Refusals } from "../refusals/refusals.ts";
import type { SearchLog } from "../searching/search-log.ts";
import { among } from "../searching/selected-ids.ts";
import { recordRoutes } from "../routes/record-routes.ts";
import type { AuditTrail } from "../trail.ts";
import { conversationRoutes } from "./conversation-routes.ts";
import { Conversations } from "./conversations.ts";
import { doors } from "./door.ts";
import { heldBy } from "./posts-then.ts";
import { Sights } from "./sight.ts";

/** Conversations, records and the audit log for people to read, and what was refused to them. */
export function readingArea(base: {
  readonly database: Database;
  readonly cells: Cells;
  readonly catalogue: CatalogueReader;
  readonly archive: ArchiveReader;
  readonly operations: Operations;
  readonly reading: Reading;
  readonly matters: Matters;
  readonly posts: Posts;
  readonly refusals: Refusals;
  readonly searches: SearchLog;
  readonly trail: AuditTrail;
  readonly now: () => Date;
}): {
  /** `whole`: those that need a whole catalogue. */
  readonly always: Route[];
  readonly whole: Route[];
} {
  const behind = { doors: doors(new Sights(base)) };
  const conversations = new Conversations({
    ...base,
    postsHeld: heldBy(base.posts),
    selectedAmong: (matter, ids) => among(base.database, matter, ids),
  });
  return {
    always: refusalRoutes(base),
    whole: [
      ...recordRoutes({ ...behind, reading: base.reading, proving: new Proving(base) }),
      ...conversationRoutes({ ...behind, conversations }),
      ...auditRoutes({ audits: new Audits(base), matters: base.matters }),
    ],
  };
}
