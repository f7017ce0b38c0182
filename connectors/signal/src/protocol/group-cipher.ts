import { fromBinary } from "@bufbuild/protobuf";
import { plain, zkgroup } from "../libsignal.ts";
import { type GroupBlob, GroupBlobSchema } from "./gen/group_pb.ts";

/** Titles are at most so long at Signal, encrypted; whatever is longer is none. Bytes. */
const MAX_BLOB_BYTES = 16 * 1024;
const MAX_TITLE = 1_024;

/** Opens what is encrypted for a group's members. What does not open is undefined: whoever changed the group wrote it. */
export class GroupCipher {
  readonly params: zkgroup.GroupSecretParams;
  readonly #cipher: zkgroup.ClientZkGroupCipher;

  /** @param masterKey 32 bytes */
  constructor(masterKey: Uint8Array) {
    this.params = zkgroup.GroupSecretParams.deriveFromMasterKey(new zkgroup.GroupMasterKey(plain(masterKey)));
    this.#cipher = new zkgroup.ClientZkGroupCipher(this.params);
  }

  /** The group's identifier, base64. */
  get id(): string {
    return Buffer.from(this.params.getPublicParams().getGroupIdentifier().serialize()).toString("base64");
  }

  /** Service id as text: of an account, or of a phone number's identity that was invited. */
  who(ciphertext: Uint8Array): string | undefined {
    return opened(() =>
      this.#cipher.decryptServiceId(new zkgroup.UuidCiphertext(plain(ciphertext))).getServiceIdString(),
    );
  }

  /** Somebody who is named by a proof of their profile alone, as older changes do. */
  whoProves(presentation: Uint8Array): string | undefined {
    return opened(() => {
      const proof = new zkgroup.ProfileKeyCredentialPresentation(plain(presentation));
      return this.#cipher.decryptServiceId(proof.getUuidCiphertext()).getServiceIdString();
    });
  }

  title(ciphertext: Uint8Array): string | undefined {
    const { content } = this.#blob(ciphertext) ?? {};
    return content?.case === "title" ? content.value.slice(0, MAX_TITLE).toWellFormed() : undefined;
  }

  description(ciphertext: Uint8Array): string | undefined {
    const { content } = this.#blob(ciphertext) ?? {};
    return content?.case === "descriptionText" ? content.value.toWellFormed() : undefined;
  }

  /** Seconds; 0 where messages do not disappear. */
  timerSeconds(ciphertext: Uint8Array): number | undefined {
    if (ciphertext.length === 0) return 0;
    const { content } = this.#blob(ciphertext) ?? {};
    return content?.case === "disappearingMessagesDuration" ? content.value : undefined;
  }

  #blob(ciphertext: Uint8Array): GroupBlob | undefined {
    if (ciphertext.length === 0 || ciphertext.length > MAX_BLOB_BYTES) return undefined;
    return opened(() => fromBinary(GroupBlobSchema, this.#cipher.decryptBlob(plain(ciphertext))));
  }
}

function opened<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
