import type { Said } from "../reading/said.ts";

/** A message, as a provider's list has it. */
export interface Listed {
  /** The provider's own, the same as webhooks have. */
  readonly id: string;
  readonly from: string;
  readonly to: string;
  /** The provider's clock, milliseconds since 1970. */
  readonly at: number;
  /** What the list says of it: the evidence, where the provider gives no more. */
  readonly entry: unknown;
  /** Asks for it alone, so that its record holds no other message's. Undefined where the provider does not give it. @throws {ApiRefusal} */
  readonly give: (signal: AbortSignal) => Promise<Given | undefined>;
}

/** The provider's answer of one message. */
export interface Given {
  readonly url: URL;
  readonly bytes: Buffer;
  readonly said: readonly Said[];
}

/** What a provider says came and was sent, of all its account's numbers. */
export interface ProviderList {
  /**
   * Everything from then to then, page by page, in no order that is relied on; what is of another time may stand there too.
   *
   * @throws {ApiRefusal}
   */
  between(from: Date, to: Date, signal: AbortSignal): AsyncGenerator<readonly Listed[]>;
}
