/** Encrypts payloads to the archiver's ingest key before they leave the process. */
export interface PayloadSealer {
  /** @param context authenticated, not sent: topic and partition, so that a payload cannot be moved */
  seal(plaintext: Uint8Array, context: string): Promise<Uint8Array>;
}

export interface PayloadOpener {
  /** @throws {StreamError} `undecryptable`: altered, moved, or its ingest key is gone */
  open(payload: Uint8Array, context: string): Promise<Uint8Array>;
}
