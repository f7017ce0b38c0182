import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { SignalError } from "../error.ts";
import type { AuthenticatedChat, zkgroup } from "../libsignal.ts";
import {
  type Group,
  type GroupChanges_GroupChangeState,
  GroupChangesSchema,
  GroupResponseSchema,
} from "../protocol/gen/group_pb.ts";
import type { GroupCipher } from "../protocol/group-cipher.ts";
import type { LinkedAccount } from "../store/account.ts";
import type { WebClient } from "../transport/download.ts";
import { GroupCredentials } from "./credentials.ts";

/** A page of a log has some 64 changes: whoever missed more than so many pages is told by the state alone. */
const MAX_PAGES = 64;
const MAX_PAGE = 1_000;

export interface GroupServiceOptions {
  readonly web: WebClient;
  readonly server: zkgroup.ServerPublicParams;
  readonly now: () => Date;
  readonly account: () => LinkedAccount;
  readonly chat: () => AuthenticatedChat | undefined;
}

/** Signal's storage of groups, as one account may read it. Nothing of a group is changed by it. */
export class GroupService {
  readonly #options: GroupServiceOptions;
  readonly #credentials: GroupCredentials;

  constructor(options: GroupServiceOptions) {
    this.#options = options;
    this.#credentials = new GroupCredentials(options.server);
  }

  /**
   * The group as it is now, and what lets its members be written to at once.
   *
   * @throws {SignalError} `not-possible` when the account may not see it; `unavailable`, `rate-limited`, `malformed`
   */
  async state(cipher: GroupCipher, signal: AbortSignal): Promise<{ group: Group; endorsements: Uint8Array }> {
    const { body } = await this.#ask(cipher, "/v2/groups", signal);
    const { group, groupSendEndorsementsResponse } = parsed(GroupResponseSchema, body);
    if (!group) throw new SignalError("malformed", "Signal's storage told of no group");
    return { group, endorsements: groupSendEndorsementsResponse };
  }

  /**
   * What the group's log has of changes from a revision on, oldest first: perhaps not all of them.
   *
   * @throws {SignalError} as `state`
   */
  async changesFrom(
    cipher: GroupCipher,
    revision: number,
    signal: AbortSignal,
  ): Promise<GroupChanges_GroupChangeState[]> {
    const changes: GroupChanges_GroupChangeState[] = [];
    let from = revision;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const path = `/v2/groups/logs/${from}?maxSupportedChangeEpoch=5&includeFirstState=false&includeLastState=false`;
      const { status, body, range } = await this.#ask(cipher, path, signal);
      const { groupChanges } = parsed(GroupChangesSchema, body);
      if (groupChanges.length > MAX_PAGE)
        throw new SignalError("malformed", "a page of a group's log is too long");
      changes.push(...groupChanges);
      const last = status === 206 ? lastOf(range) : undefined;
      if (last === undefined || last < from) break;
      from = last + 1;
    }
    return changes;
  }

  async #ask(cipher: GroupCipher, path: string, signal: AbortSignal) {
    const { web, account, chat: connected, now } = this.#options;
    const chat = connected();
    if (!chat) throw new SignalError("unavailable", "the account is not connected to Signal");
    const authorization = await this.#credentials.authorization(chat, account(), cipher.params, now());
    const answer = await web.storageAnswer({ path, authorization }, signal);
    const { status, body, headers } = answer;
    if (status === 200 || status === 206) return { status, body, range: headers["content-range"] };
    if (status === 401) this.#credentials.forget();
    if (status === 403 || status === 404)
      throw new SignalError("not-possible", "Signal does not show this account a group");
    if (status === 429) {
      const retryAfterMs = Number(headers["retry-after"] ?? "60") * 1_000 || 60_000;
      throw new SignalError("rate-limited", "Signal asks to wait", { retryAfterMs });
    }
    throw new SignalError("unavailable", `Signal's storage answered ${status}`);
  }
}

/** `versions 3-66/120`: up to which revision a page goes. */
function lastOf(range: string | undefined): number | undefined {
  const last = /^versions \d{1,10}-(\d{1,10})\//.exec(range ?? "")?.[1];
  return last === undefined ? undefined : Number(last);
}

function parsed<Desc extends DescMessage>(schema: Desc, bytes: Uint8Array): MessageShape<Desc> {
  try {
    return fromBinary(schema, bytes);
  } catch (cause) {
    throw new SignalError("malformed", "an answer of Signal's storage cannot be read", { cause });
  }
}
