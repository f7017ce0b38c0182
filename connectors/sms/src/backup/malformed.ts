import { ConnectorError } from "@daybook/contract";

/** @param why a clause, with nothing of the file in it */
export function malformed(why: string): ConnectorError {
  return new ConnectorError("malformed", `the file is no backup that can be read: ${why}`);
}

export function isMalformed(error: unknown): error is ConnectorError {
  return error instanceof ConnectorError && error.code === "malformed";
}
