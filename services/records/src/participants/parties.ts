import type { CatalogueReader, PartyThen } from "@daybook/catalogue";
import type { z } from "zod";
import { foldIdentifier } from "../posts/custody.ts";
import type { accountNetwork } from "../posts/post-facts.ts";
import { isNumber, periodOf, type Silence, SILENCE_MS } from "./silences.ts";
import { writtenIds } from "./written-ids.ts";

type Network = z.infer<typeof accountNetwork>;

/** A silence of a number, behind or before which nobody has said whose it is. */
export interface Unconfirmed {
  /** Of what is said of the number. */
  readonly id: string;
  readonly network: Network;
  readonly identifier: string;
  readonly side: Silence["side"];
  readonly silentFrom: string;
  readonly silentTo: string;
  /** Beyond it: not theirs until somebody says so. */
  readonly records: number;
  /** The instant to confirm. */
  readonly confirm: string;
}

/** As a search is narrowed by somebody outside, and what that leaves out. */
export interface Parties {
  readonly parties: readonly PartyThen[];
  readonly unconfirmed: readonly Unconfirmed[];
}

/** What is said of a number or address. */
interface SaidOf {
  readonly id: string;
  readonly network: Network;
  readonly identifier: string;
  readonly from: Date | null;
  readonly to: Date | null;
  /** From the first to the last instant at which somebody said that it was theirs. */
  readonly sure_from: Date;
  readonly sure_to: Date;
}

/** How much of each is theirs: see `periodOf`. Looks into the catalogue for each number whose end nobody gave. */
export async function partiesOf(
  identifiers: readonly SaidOf[],
  catalogue: Pick<CatalogueReader, "partyRuns">,
): Promise<Parties> {
  const parties: PartyThen[] = [];
  const unconfirmed: Unconfirmed[] = [];
  for (const { id, network, identifier, from, to, sure_from, sure_to } of identifiers) {
    const party = { network, ids: writtenIds(network, identifier), ...spanOf(from, to) };
    if (!isNumber(foldIdentifier(identifier)) || (from !== null && to !== null)) {
      parties.push(party);
      continue;
    }
    const period = periodOf(
      {
        from: from && from.getTime(),
        to: to && to.getTime(),
        sure: { from: sure_from.getTime(), to: sure_to.getTime() },
      },
      await catalogue.partyRuns(party, SILENCE_MS),
    );
    parties.push({ ...party, ...spanOf(dateOf(period.from), dateOf(period.to)) });
    for (const { side, records, ...silence } of period.silences)
      unconfirmed.push({
        ...{ id, network, identifier, side, records },
        silentFrom: new Date(silence.from).toISOString(),
        silentTo: new Date(silence.to).toISOString(),
        confirm: new Date(silence.confirm).toISOString(),
      });
  }
  return { parties, unconfirmed };
}

function dateOf(ms: number | null): Date | null {
  return ms === null ? null : new Date(ms);
}

function spanOf(from: Date | null, to: Date | null): { from?: string; to?: string } {
  return {
    ...(from === null ? {} : { from: from.toISOString() }),
    ...(to === null ? {} : { to: to.toISOString() }),
  };
}
