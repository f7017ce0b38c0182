import { anyOf, type KeyHolder } from "@daybook/openpgp";
import type { Config } from "@daybook/runtime";
import { FileArchiveKeys } from "../keys/archive-keys.ts";
import { RecipientsFile } from "../keys/recipients-file.ts";
import type { KEYS } from "./settings.ts";

/** The archive's keys, where records are read, and what opens the archive with whichever of them are there at the time. */
export async function readingKeys(
  config: Config<typeof KEYS.recipients> & Config<typeof KEYS.reading>,
): Promise<{ keys: FileArchiveKeys; holder: KeyHolder }> {
  const keys = await FileArchiveKeys.open({
    privateDir: config.DAYBOOK_ARCHIVE_KEYS_PATH,
    passphrase: config.DAYBOOK_ARCHIVE_PASSPHRASE.reveal(),
    recipients: await RecipientsFile.open(config.DAYBOOK_RECIPIENTS_PATH),
    generates: false,
  });
  return { keys, holder: anyOf(() => keys.privateKeys()) };
}
