/** What a list of exports needs: who asked, what the package is called, and whether people selected what is in it. */
export const EXPORT_SCHEMA = `
  ALTER TABLE records.export ADD COLUMN asked_by text, ADD COLUMN name bytea,
    ADD COLUMN selected boolean NOT NULL DEFAULT false;
  CREATE INDEX export_matter ON records.export (matter, at, id);
`;
