import { checkOutsiders, type OutsiderSettings } from "@daybook/witnessing";
import { CliError } from "../error.ts";
import { readPem } from "../read-pem.ts";

/** Who is to witness and stamp the logs, as the command line names them. */
export interface OutsiderOptions {
  /** `VKEY URL` */
  readonly witness?: readonly string[];
  readonly quorum?: number;
  readonly tsa?: string;
  readonly tsaCa?: string;
}

/**
 * Reads and judges the options; undefined where none is given.
 *
 * @throws {CliError}; {WitnessingError} `bad-settings`
 */
export async function outsidersOf({
  witness = [],
  quorum,
  tsa,
  tsaCa,
}: OutsiderOptions): Promise<OutsiderSettings | undefined> {
  if (quorum !== undefined && witness.length === 0)
    throw new CliError("--quorum is of witnesses: name them with --witness", { exitCode: 2 });
  if (tsaCa !== undefined && tsa === undefined)
    throw new CliError("--tsa-ca is of an authority: name it with --tsa", { exitCode: 2 });
  if (witness.length === 0 && tsa === undefined) return undefined;
  const ca = tsaCa === undefined ? undefined : await readPem(tsaCa);
  const settings = {
    witnesses: witness.map(addressOf),
    quorum: quorum ?? witness.length,
    ...(tsa !== undefined && { tsa: { url: tsa, ...(ca !== undefined && { ca }) } }),
  };
  checkOutsiders(settings);
  return settings;
}

function addressOf(text: string): { vkey: string; url: string } {
  const [vkey, url, ...more] = text.trim().split(/ +/);
  if (vkey === undefined || url === undefined || more.length > 0)
    throw new CliError('a witness is given as "VKEY URL"', { exitCode: 2 });
  return { vkey, url };
}
