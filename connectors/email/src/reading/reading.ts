/** A mailbox as a header names it. */
export interface Mailbox {
  /** In lower case. */
  readonly address: string;
  readonly name: string;
}

export interface ReadAttachment {
  readonly name: string;
  readonly mediaType: string;
  /** Decoded. Of an enclosed message: its bytes exactly. */
  readonly content: Uint8Array;
}

/** What a message says. A reading: the bytes decide. */
export interface MailReading {
  readonly from: readonly Mailbox[];
  readonly sender: readonly Mailbox[];
  readonly to: readonly Mailbox[];
  readonly cc: readonly Mailbox[];
  readonly bcc: readonly Mailbox[];
  readonly subject: string | undefined;
  /** Message-IDs, without angle brackets. */
  readonly messageId: string | undefined;
  readonly inReplyTo: string | undefined;
  readonly references: readonly string[];
  readonly text: string | undefined;
  readonly attachments: readonly ReadAttachment[];
  /** What a reader should know, in our own words. */
  readonly doubts: readonly string[];
}

/** Why a message could not be read. */
export type Refusal = "parts" | "header" | "time" | "memory" | "size" | "unreadable";

export const REFUSALS: Readonly<Record<Refusal, string>> = {
  parts: "it has more parts, or parts within parts, than are read",
  header: "its header is larger than is read",
  time: "reading it took too long",
  memory: "reading it took too much memory",
  size: "it is larger than is read",
  unreadable: "it is no message that can be read",
};

export type ReadResult =
  { readonly reading: MailReading; readonly refused?: undefined } | { readonly refused: Refusal };

/** What one signature says, and what was asked to find out. */
export interface SignatureResult {
  readonly kind: "dkim" | "arc";
  readonly result: string;
  readonly domain?: string;
  readonly selector?: string;
  readonly algorithm?: string;
  /** Whether the one address in From is of the domain that signed. */
  readonly aligned?: boolean;
  /** Bits of an RSA key. */
  readonly keyBits?: number;
  readonly signedHeaders?: string;
  readonly doubts: readonly string[];
}

/** An answer of the DNS as it came: with it anyone can check again when the key is gone. */
export interface DnsAnswer {
  readonly name: string;
  readonly type: string;
  readonly records: readonly string[];
  /** The DNS's own word where there was no answer. */
  readonly failed?: string;
}

export interface Authenticity {
  readonly signatures: readonly SignatureResult[];
  readonly dns: readonly DnsAnswer[];
  /** Why something, or all, was not checked. */
  readonly unchecked?: string;
}

/** Asks the DNS for records of a type. Rejects with a `code` where there are none. */
export type Resolve = (name: string, type: string) => Promise<string[][] | string[]>;
