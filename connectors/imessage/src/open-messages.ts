import { openImage } from "./database/open.ts";
import { Messages } from "./reading/messages.ts";
import { bytesOf, type Supply } from "./supply/files.ts";

/**
 * Reads a messages database into memory, with what its log holds. `close` it.
 *
 * @throws {ConnectorError} `not-an-export`, `malformed`, `too-large`
 */
export async function openMessages({ database, log }: Supply): Promise<Messages> {
  const db = openImage(await bytesOf(database), log && (await bytesOf(log)));
  try {
    return new Messages(db);
  } catch (error) {
    db.close();
    throw error;
  }
}
