import type { Event, Party } from "@daybook/contract";
import { groupIdOf } from "../protocol/group-id.ts";
import type { LinkedAccount } from "../store/account.ts";
import type { zkgroup } from "../libsignal.ts";
import type { Values } from "../store/changes.ts";
import { nameOf } from "../store/contacts.ts";
import { groupOfMessage, type GroupState, readGroup, readGroupState } from "../store/groups.ts";

type Conversation = NonNullable<Event["conversation"]>;

const MAX_NAME = 1024;
const MAX_RECIPIENTS = 2_000;

/** Who is who on an account, by what is known when it is first asked: make one for a batch. */
export class People {
  readonly own: string;
  /** What Signal's server signs changes of groups with. */
  readonly server: zkgroup.ServerPublicParams;
  readonly #account: Pick<LinkedAccount, "aci" | "custodian">;
  readonly #values: Pick<Values, "get">;
  readonly #parties = new Map<string, Party>();
  readonly #members = new Map<string, readonly string[] | undefined>();

  constructor(
    account: Pick<LinkedAccount, "aci" | "custodian">,
    values: Pick<Values, "get">,
    server: zkgroup.ServerPublicParams,
  ) {
    this.own = account.aci;
    this.server = server;
    this.#account = account;
    this.#values = values;
  }

  party(serviceId: string): Party {
    const before = this.#parties.get(serviceId);
    if (before) return before;
    const name = serviceId === this.own ? this.#account.custodian.name : nameOf(this.#values, serviceId);
    const party = { id: serviceId, name: name.slice(0, MAX_NAME).toWellFormed() };
    this.#parties.set(serviceId, party);
    return party;
  }

  direct(serviceId: string): Conversation {
    return { id: serviceId, title: this.party(serviceId).name, kind: "direct" };
  }

  /** @param id base64 */
  group(id: string): Conversation {
    const title = readGroup(this.#values, id)?.title ?? "";
    return { id, title: title.slice(0, MAX_NAME).toWellFormed(), kind: "group" };
  }

  /** Where a message belongs: its group, else the talk with `peer`. */
  conversation(masterKey: Uint8Array | undefined, peer: string | undefined): Conversation | undefined {
    const id = groupIdOf(masterKey);
    if (id !== undefined) return this.group(id);
    return peer === undefined ? undefined : this.direct(peer);
  }

  /** Where a message was that is named from elsewhere: the group it was in, else the talk with `peer`. */
  conversationOf(networkId: string, peer: string): Conversation {
    const group = groupOfMessage(this.#values, networkId);
    return group === undefined ? this.direct(peer) : this.group(group);
  }

  /** Everybody else whom a message in that conversation reached, where that is known. */
  recipients(conversation: Conversation | undefined, sender: string): Party[] | undefined {
    if (conversation?.kind === "direct")
      return [this.party(sender === this.own ? conversation.id : this.own)];
    return this.#membersOf(conversation?.id)
      ?.filter((id) => id !== sender)
      .slice(0, MAX_RECIPIENTS)
      .map((id) => this.party(id));
  }

  /** A group as it was, where that is kept. @param id base64 */
  groupAt(id: string, revision?: number): GroupState | undefined {
    return readGroupState(this.#values, id, revision);
  }

  /** Until its members are told, a group that something came from is one that the account is in. @param id base64 */
  isInGroup(id: string): boolean {
    const known = readGroup(this.#values, id);
    return known?.members?.includes(this.own) ?? (known !== undefined && known.closed !== true);
  }

  #membersOf(id: string | undefined): readonly string[] | undefined {
    if (id === undefined) return undefined;
    if (!this.#members.has(id)) this.#members.set(id, readGroup(this.#values, id)?.members);
    return this.#members.get(id);
  }
}
