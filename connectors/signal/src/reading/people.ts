import type { Event, Party } from "@daybook/contract";
import { groupIdOf } from "../protocol/group-id.ts";
import type { LinkedAccount } from "../store/account.ts";
import type { Values } from "../store/changes.ts";
import { nameOf } from "../store/contacts.ts";
import { groupOfMessage, readGroup } from "../store/groups.ts";

type Conversation = NonNullable<Event["conversation"]>;

const MAX_NAME = 1024;
const MAX_RECIPIENTS = 2_000;

/** Who is who on an account, by what is known now. */
export class People {
  readonly own: string;
  readonly #account: LinkedAccount;
  readonly #values: Pick<Values, "get">;

  constructor(account: LinkedAccount, values: Pick<Values, "get">) {
    this.own = account.aci;
    this.#account = account;
    this.#values = values;
  }

  party(serviceId: string): Party {
    const name = serviceId === this.own ? this.#account.custodian.name : nameOf(this.#values, serviceId);
    return { id: serviceId, name: name.slice(0, MAX_NAME).toWellFormed() };
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
    const members = conversation && readGroup(this.#values, conversation.id)?.members;
    return members
      ?.filter((id) => id !== sender)
      .slice(0, MAX_RECIPIENTS)
      .map((id) => this.party(id));
  }
}
