// What of WhatsApp Web's own modules the page's code touches. Nothing of it is promised by WhatsApp: see `probe.ts`.

/** An id of a person, a group, a list: `user@server`. */
export interface Wid {
  readonly _serialized: string;
  readonly user: string;
  readonly server: string;
}

export interface Key {
  readonly _serialized: string;
  readonly fromMe: boolean;
  readonly id: string;
  readonly remote: Wid | string;
  readonly participant?: Wid | string;
}

export interface Emitter {
  on(names: string, heard: (...about: never[]) => void): unknown;
}

export interface MessageModel extends Emitter {
  readonly id: Key;
  readonly type: string;
  readonly subtype?: string;
  readonly t?: number;
  readonly body?: string;
  readonly caption?: string;
  readonly from?: Wid | string;
  readonly to?: Wid | string;
  readonly author?: Wid | string;
  readonly recipients?: readonly (Wid | string)[];
  readonly notifyName?: string;
  readonly isNewMsg?: boolean;
  readonly directPath?: string;
  readonly encFilehash?: string;
  readonly filehash?: string;
  readonly mediaKey?: string;
  readonly mediaKeyTimestamp?: number;
  readonly mediaData?: { readonly mediaStage?: string };
  readonly pollOptions?: readonly { readonly localId?: number; readonly name?: string }[];
  readonly pollName?: string;
  serialize(): Record<string, unknown>;
  downloadMedia(how: object): Promise<void>;
}

export interface ChatModel {
  readonly id: Wid;
  readonly t?: number;
  readonly formattedTitle?: string;
  readonly name?: string;
  readonly archive?: boolean;
  readonly msgs: { getModelsArray(): MessageModel[] };
  readonly groupMetadata?: {
    readonly isLidAddressingMode?: boolean;
    readonly participants?: { getModelsArray(): { readonly id: Wid }[] };
  };
}

export interface ContactModel {
  readonly name?: string;
  readonly pushname?: string;
  readonly verifiedName?: string;
}

export interface Collection<M> extends Emitter {
  get(id: string): M | undefined;
  getModelsArray(): M[];
}

export interface Collections {
  readonly Msg: Collection<MessageModel> & {
    getMessagesById(
      ids: readonly string[],
    ): Promise<{ readonly messages?: readonly MessageModel[] } | undefined>;
  };
  readonly Chat: Collection<ChatModel>;
  readonly Contact: Collection<ContactModel>;
}

export interface Reaction {
  readonly id: Key;
  readonly reactionParentKey: Key;
  readonly reactionText?: string;
  readonly reactionTimestamp?: number;
  readonly author?: Wid | string;
  readonly from?: Wid | string;
}

export interface Vote {
  readonly id: Key;
  readonly pollUpdateParentKey: Key;
  readonly selectedOptionLocalIds?: readonly number[];
  readonly t?: number;
  readonly author?: Wid | string;
  readonly from?: Wid | string;
}

/** A module of WhatsApp's own, by its name. The caller says what it hopes for: `probe.ts` looks whether it is so. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- what it hopes for
export function load<T>(name: string): T {
  return (window as unknown as { require(name: string): T }).require(name);
}

export function textOf(id: Wid | string): string {
  return typeof id === "string" ? id : id._serialized;
}
