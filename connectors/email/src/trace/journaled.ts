import { type HeaderBlock, messageIdOf, valueOf } from "../reading/header-block.ts";
import { networkName } from "./row.ts";

const MAX_NAME = 1_000;
/** Where Exchange writes its own id of a message into it. */
const NETWORK_IDS = [
  "x-ms-exchange-organization-network-message-id",
  "x-ms-exchange-crosstenant-network-message-id",
  "x-ms-office365-filtering-correlation-id",
];

/** The names of a message that a journal told of, as the tenant's message trace may name it. */
export function journaledNames(block: HeaderBlock, reported: string | undefined): readonly string[] {
  const written = messageIdOf(valueOf(block, "message-id", MAX_NAME));
  const names = [written, written && asUtf8(written), reported?.slice(0, MAX_NAME)];
  const network = NETWORK_IDS.flatMap((field) => {
    const id = valueOf(block, field, 100);
    return id ? [networkName(id)] : [];
  });
  return [...new Set([...names.filter((name) => name !== undefined), ...network])];
}

/** RFC 6532 allows it; the header is read by its bytes. */
function asUtf8(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString();
}
