import { type Appliers, PLACES } from "../apply.ts";

/** How what is said of exports changes the tables. */
export const exportAppliers: Appliers<"export.start"> = {
  "export.start": async (tx, { at, actor, matter, detail }, cells) => {
    const { change: id, filters, name, selection } = detail;
    await tx.query(
      `INSERT INTO records.export (id, matter, filters, at, asked_by, name, selected) VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT DO NOTHING`,
      [
        id,
        matter ?? null,
        cells.seal(PLACES.exportFilters(id), JSON.stringify(filters)),
        at,
        actor,
        name === undefined ? null : cells.seal(PLACES.exportName(id), name),
        selection !== undefined,
      ],
    );
  },
};
