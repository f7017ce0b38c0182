import type { Appliers } from "../apply.ts";
import { foldName } from "../cells.ts";
import { foldIdentifier } from "../posts/custody.ts";
import type { participantFacts } from "./participant-facts.ts";
import { participantPlaces as PLACES } from "./places.ts";

/** How what is said of people outside changes the tables. */
export const participantAppliers: Appliers<keyof typeof participantFacts> = {
  "participant.add": async (tx, { at, detail: { id, name } }, cells) => {
    await tx.query("INSERT INTO records.participant VALUES ($1, $2, $3, $4)", [
      id,
      cells.lookup("participant", foldName(name)),
      cells.seal(PLACES.participant(id), name),
      at,
    ]);
  },
  "participant.identify": async (tx, { at, detail }, cells) => {
    const { id, participant, network, identifier, from, to } = detail;
    await tx.query(
      "INSERT INTO records.participant_identifier VALUES ($1, $2, $3, $4, $5, tstzrange($6, $7), $8, $9)",
      [
        id,
        participant,
        network,
        cells.lookup("participant-identifier", network, foldIdentifier(identifier)),
        cells.seal(PLACES.participantIdentifier(id), identifier),
        from,
        to,
        from ?? to ?? at,
        to ?? from ?? at,
      ],
    );
  },
  "participant.confirm": async (tx, { detail: { id, at } }) => {
    await tx.query(
      `UPDATE records.participant_identifier SET sure_from = least(sure_from, $2), sure_to = greatest(sure_to, $2)
       WHERE id = $1`,
      [id, at],
    );
  },
  "participant.release": async (tx, { detail: { id, to } }) => {
    if (to === null) await tx.query("DELETE FROM records.participant_identifier WHERE id = $1", [id]);
    else
      await tx.query(
        `UPDATE records.participant_identifier SET valid = tstzrange(lower(valid), $2), sure_from = least(sure_from, $2),
           sure_to = least(sure_to, $2) WHERE id = $1`,
        [id, to],
      );
  },
};
