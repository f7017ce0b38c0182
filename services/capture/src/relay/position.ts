import { readFile, rename, writeFile } from "node:fs/promises";
import { z } from "zod";

const stored = z.strictObject({ stream: z.string().max(512), offset: z.int().nonnegative() });

/** Up to where outbound messages were dealt with. Losing it is harmless: what was dealt with is not done twice. */
export type RelayPosition = z.infer<typeof stored>;

/** Undefined where there is none that can be read. */
export async function readPosition(path: string): Promise<RelayPosition | undefined> {
  try {
    return stored.parse(JSON.parse(await readFile(path, "utf8")));
  } catch {
    return undefined;
  }
}

/** Never seen half written. */
export async function writePosition(path: string, position: RelayPosition): Promise<void> {
  const draft = `${path}.new`;
  await writeFile(draft, JSON.stringify(position), { mode: 0o600 });
  await rename(draft, path);
}
