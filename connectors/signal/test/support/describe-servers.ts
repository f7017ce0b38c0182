import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Office } from "./office.ts";

/** Writes down where the mock server of an office is, for a process of its own. @returns the file */
export function describeServers({ dir, mock }: Office): string {
  const path = join(dir, "servers.json");
  const { chat, ...servers } = mock.servers;
  if (chat === "signal") throw new Error("not a test server");
  const rootCertificate = Buffer.from(chat.rootCertificate).toString("base64");
  writeFileSync(path, JSON.stringify({ ...servers, port: chat.port, rootCertificate }));
  return path;
}
