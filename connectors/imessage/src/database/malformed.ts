import { ConnectorError } from "@daybook/contract/error";

/** A database, or a part of one, that cannot be read safely. @param why without anything of its content */
export function malformed(why: string, cause?: unknown): ConnectorError {
  return new ConnectorError(
    "malformed",
    `the messages database cannot be read: ${why}`,
    cause === undefined ? {} : { cause },
  );
}
