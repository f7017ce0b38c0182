import { ArchiveError, type MutableStore } from "@daybook/archive-core";
import type { CatalogueWriter } from "@daybook/catalogue";
import { formatKeyLines, formatSessionKey, type KeyHolder, readKeyBlock, unwrapKey } from "@daybook/openpgp";

/** Where things are that are wrapped to the archive's keys and may be wrapped again. */
export interface WrappedHome extends Pick<MutableStore, "read" | "replace"> {
  readonly name: "keyring" | "keyring-copy" | "catalogue";
  names(): AsyncIterable<string>;
  /**
   * What is wrapped, to be compared and then forgotten.
   *
   * @throws {ArchiveError} `undecryptable`, `malformed`
   */
  contentOf(body: Uint8Array, holder: KeyHolder): Promise<string>;
}

/** Key blocks of a keyring. */
export function keyringHome(name: "keyring" | "keyring-copy", store: MutableStore): WrappedHome {
  return {
    name,
    names: () => store.list("keyring/"),
    read: (block) => store.read(block),
    replace: (block, body, tag) => store.replace(block, body, tag),
    contentOf: async (body, holder) => formatKeyLines(await readKeyBlock(body, holder)),
  };
}

/** Keys of the catalogue's cells: the cells themselves stay as they are. */
export function catalogueHome(catalogue: Pick<CatalogueWriter, "cellKeys" | "rewrapCellKey">): WrappedHome {
  return {
    name: "catalogue",
    async *names() {
      for await (const { id } of cellKeys(catalogue)) yield id;
    },
    async read(id) {
      const [row] = await catalogue.cellKeys({ only: id });
      return row && { body: row.wrapped, tag: Buffer.from(row.wrapped).toString("base64") };
    },
    async replace(id, body, tag) {
      const before = Buffer.from(tag ?? "", "base64");
      if (!(await catalogue.rewrapCellKey(id, before, body))) {
        throw new ArchiveError("conflict", "the key of the catalogue's cells was changed in the meantime");
      }
      return Buffer.from(body).toString("base64");
    },
    contentOf: async (body, holder) => formatSessionKey(await unwrapKey(body, holder)),
  };
}

async function* cellKeys(
  catalogue: Pick<CatalogueWriter, "cellKeys">,
): AsyncGenerator<{ id: string; wrapped: Uint8Array }, void, undefined> {
  let after: string | undefined;
  do {
    const page = await catalogue.cellKeys(after === undefined ? {} : { after });
    yield* page;
    after = page.at(-1)?.id;
  } while (after !== undefined);
}
