import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { SignalError } from "../error.ts";
import {
  type Group,
  type GroupChange,
  type GroupChange_Actions,
  GroupChange_ActionsSchema,
  GroupChangeSchema,
} from "../protocol/gen/group_pb.ts";
import type { GroupCipher } from "../protocol/group-cipher.ts";
import type { GroupState } from "../store/groups.ts";
import type { GroupService } from "./group-service.ts";
import { openState } from "./group-state.ts";

/** What happened in a group between two revisions. */
export interface Missed {
  /** What no message told of, oldest first: as entries want it. */
  readonly changes: readonly {
    readonly revision: number;
    readonly masterKey: string;
    readonly change: string;
    readonly titleBefore?: string;
  }[];
  /** States in between that the log shows, oldest first. */
  readonly states: readonly GroupState[];
  /** Every revision in between is accounted for. */
  readonly isWhole: boolean;
}

/**
 * Reads from the group's log what changed between two of its states.
 *
 * @param told revisions of which a message told
 * @throws {SignalError} retryable: nothing is known yet
 */
export async function missedChanges(
  service: GroupService,
  cipher: GroupCipher,
  { before, now, told }: { before: GroupState; now: GroupState; told: ReadonlySet<number> },
  signal: AbortSignal,
): Promise<Missed> {
  const changes: Missed["changes"][number][] = [];
  const states = new Map<number, GroupState>();
  const read = new Set<number>();
  const masterKey = Buffer.from(cipher.params.getMasterKey().serialize()).toString("base64");
  let title: string | undefined = before.title;
  for (const { groupChange, groupState } of await logOf(service, cipher, before.revision + 1, signal)) {
    const actions = groupChange && actionsOf(groupChange);
    const revision = actions?.version ?? groupState?.version ?? 0;
    // What came after the state was read is told the next time.
    if (revision <= before.revision || revision > now.revision || read.has(revision)) continue;
    const state = groupState && (await stateOf(groupState, cipher));
    if (state && revision < now.revision) states.set(revision, state);
    if (groupChange && actions) {
      read.add(revision);
      const change = Buffer.from(toBinary(GroupChangeSchema, groupChange)).toString("base64");
      const titleBefore = actions.modifyTitle && title !== undefined ? { titleBefore: title } : {};
      if (!told.has(revision)) changes.push({ revision, masterKey, change, ...titleBefore });
      if (actions.modifyTitle) title = cipher.title(actions.modifyTitle.value);
    }
  }
  for (const revision of told) read.add(revision);
  let isWhole = true;
  for (let revision = before.revision + 1; isWhole && revision <= now.revision; revision += 1)
    isWhole = read.has(revision);
  return { changes, states: [...states.values()], isWhole };
}

/** A log that is not shown to the account, from before it joined perhaps, is an empty one. */
async function logOf(service: GroupService, cipher: GroupCipher, from: number, signal: AbortSignal) {
  try {
    return await service.changesFrom(cipher, from, signal);
  } catch (cause) {
    if (cause instanceof SignalError && !cause.retryable) return [];
    throw cause;
  }
}

function actionsOf({ actions }: GroupChange): GroupChange_Actions | undefined {
  try {
    return fromBinary(GroupChange_ActionsSchema, actions);
  } catch {
    return undefined;
  }
}

async function stateOf(group: Group, cipher: GroupCipher): Promise<GroupState | undefined> {
  try {
    return await openState(group, cipher);
  } catch (cause) {
    if (cause instanceof SignalError) return undefined;
    throw cause;
  }
}
