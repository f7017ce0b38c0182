import { checkPostgres, migrate as migrateCatalogue, openCatalogue } from "@daybook/catalogue";
import { type Config, hardenProcess } from "@daybook/runtime";
import { database } from "./engines.ts";
import type { POSTGRES } from "./settings.ts";

/**
 * Brings the catalogue's schema to this version, once, as its owner: before the services of a new version start. May be
 * repeated. Other services own their schemas, and do this themselves.
 *
 * @throws {CatalogueError} `refused`, `unavailable`; `not-migrated`: the schema is of a later version
 */
export async function migrate(config: Config<typeof POSTGRES>): Promise<void> {
  hardenProcess();
  await checkPostgres(database(config), { owns: ["catalogue"] });
  const owner = openCatalogue(database(config), "owner", { max: 1 });
  try {
    await migrateCatalogue(owner);
  } finally {
    await owner.close();
  }
}
