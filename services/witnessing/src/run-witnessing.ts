import { setTimeout as sleep } from "node:timers/promises";
import { ArchiveError, Turns, type WitnessPolicy, witnessPolicy } from "@daybook/archive-core";
import { type CertificateSet, readCertificates } from "@daybook/timestamp";
import { type Attested, Attestor } from "./attestor.ts";
import { WitnessingError } from "./error.ts";
import type { WitnessingOptions } from "./options.ts";
import { witnessingRoutes } from "./routes.ts";
import { Watch } from "./watch.ts";

/**
 * Has the logs' checkpoints witnessed and stamped, on their intervals and when an export asks, until `signal` aborts.
 * Nothing waits for it but exports, which are built without what it could not get.
 *
 * @throws {WitnessingError} `bad-settings`, at once
 */
export async function runWitnessing(options: WitnessingOptions, signal: AbortSignal): Promise<void> {
  const attestors = attestorsOf(options);
  const turns = new Turns();
  const attest = (shard: string, attestor: Attestor, stamping: (size: number) => Promise<boolean>) =>
    turns.take(shard, () => attestOne(attestor, stamping, signal));
  options.mount(
    witnessingRoutes(options, () =>
      Promise.all(
        [...attestors].map(async ([shard, attestor]) => {
          const attested = await attest(shard, attestor, () => Promise.resolve(true));
          return attested && { shard, ...attested };
        }),
      ),
    ),
  );
  while (!signal.aborted) {
    await Promise.all(
      [...attestors].map(([shard, attestor]) =>
        attest(shard, attestor, () => attestor.isStampDue(options.stampIntervalMs)).catch((err: unknown) => {
          if (!signal.aborted) options.log.error({ err, shard }, "a checkpoint could not be attested");
        }),
      ),
    );
    await sleep(options.cosignIntervalMs, undefined, { signal }).catch(() => undefined);
  }
}

/** What is configured of outsiders. */
export type OutsiderSettings = Pick<WitnessingOptions, "witnesses" | "quorum" | "tsa">;

/** Judges settings before anything is opened. @throws {WitnessingError} `bad-settings` */
export function checkOutsiders({ witnesses, quorum, tsa }: OutsiderSettings): {
  policy: WitnessPolicy | undefined;
  trusted: CertificateSet | undefined;
} {
  try {
    const urls = [...witnesses.map(({ url }) => url), ...(tsa ? [tsa.url] : [])];
    if (!urls.every(isAddress))
      throw new WitnessingError("bad-settings", "an address must look like https://HOST/PATH");
    const policy =
      witnesses.length > 0
        ? witnessPolicy(
            witnesses.map(({ vkey }) => vkey),
            quorum,
          )
        : undefined;
    return { policy, trusted: tsa?.ca === undefined ? undefined : readCertificates(tsa.ca) };
  } catch (cause) {
    if (!(cause instanceof ArchiveError)) throw cause;
    throw new WitnessingError("bad-settings", `witnesses or time-stamp authority: ${cause.message}`, {
      cause,
    });
  }
}

function attestorsOf(options: WitnessingOptions): Map<string, Attestor> {
  const outsiders = checkOutsiders(options);
  const watch = new Watch(options);
  return new Map(
    Object.entries(options.vkeys).map(([shard, vkey]) => [
      shard,
      new Attestor({ ...options, ...outsiders, shard, vkey, watch }),
    ]),
  );
}

function isAddress(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, username, password } = new URL(url);
  return ["http:", "https:"].includes(protocol) && username === "" && password === "";
}

/** Cosigns, and stamps if asked to. What outsiders do not give is named in the answer. */
async function attestOne(
  attestor: Attestor,
  stamping: (size: number) => Promise<boolean>,
  signal: AbortSignal,
): Promise<Attested | undefined> {
  const attested = await attestor.cosign(signal);
  if (!attested || !(await stamping(attested.size))) return attested;
  try {
    const stamp = await attestor.stamp(attested, signal);
    return { ...attested, ...(stamp && { stamp }) };
  } catch (error) {
    if (!(error instanceof WitnessingError)) throw error;
    const missing = [...attested.missing, `there is no time-stamp: ${error.message}`];
    return { ...attested, missing };
  }
}
