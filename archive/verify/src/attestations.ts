import { judgeCosignatures, parseWitnessKey, type Witness } from "@daybook/archive-core";
import { type CertificateSet, leadsTo, openStamp, readCertificates } from "@daybook/timestamp";
import { type CheckedFiles, strictText } from "./checked-files.ts";
import { VerifyError } from "./error.ts";
import { type PackageLog, parseWitnesses } from "./logs.ts";
import { BadFile, type Problems } from "./problems.ts";

const WITNESSES = "data/logs/witnesses";
const TSA_CA = "data/logs/tsa-ca.pem";
/** As many as a note can have signatures. */
const MAX_WITNESSES = 100;

/** That a witness saw a log grow to the head in the package. */
export interface Witnessed {
  readonly witness: string;
  /** RFC 3339, by the witness's clock. */
  readonly at: string;
  /** `package`: its key came with the package, so it vouches for nothing. */
  readonly keyFrom: "given" | "package";
}

/** That the head in the package existed at a time. */
export interface Stamped {
  /** RFC 3339, by the authority's clock. */
  readonly at: string;
  /** Subject of the authority's certificate. */
  readonly authority: string;
  /** `package`: no certificate to trust was given, so it vouches for nothing. */
  readonly caFrom: "given" | "package";
}

/** What others than the archive say of a log's head. */
export interface Attested {
  readonly witnessed: readonly Witnessed[];
  /** Names on signature lines of keys that are not known. */
  readonly unknownWitnesses: readonly string[];
  readonly stamp?: Stamped;
}

/** Whose word is taken, by what came another way than the package. */
export interface Outsiders {
  readonly witnesses: readonly Witness[];
  readonly authorities: CertificateSet | undefined;
}

export const NO_OUTSIDERS: Outsiders = { witnesses: [], authorities: undefined };

/** @throws {VerifyError} `bad-key`, `bad-ca` */
export function parseOutsiders(witnesses: readonly string[], tsaCa: string | undefined): Outsiders {
  try {
    return {
      witnesses: parseWitnesses(witnesses),
      authorities: tsaCa === undefined ? undefined : readCertificates(tsaCa),
    };
  } catch (cause) {
    if (cause instanceof VerifyError) throw cause;
    throw new VerifyError("bad-ca", "the time-stamp authority's certificates cannot be read: PEM is wanted", {
      cause,
    });
  }
}

/** Judges the cosignatures and stamps of the logs' heads. @returns what they say, log by log */
export function readAttestations(
  files: CheckedFiles,
  logs: readonly PackageLog[],
  outsiders: Outsiders,
  problems: Problems,
): Attested[] {
  const own = { witnesses: ownWitnesses(files, problems), authorities: ownAuthorities(files, problems) };
  const attested = logs.map((log) => {
    const stamp = readStamp(files, log, { given: outsiders, own }, problems);
    return { ...readWitnesses(log, { given: outsiders, own }, problems), ...(stamp && { stamp }) };
  });
  const signed = new Set(
    attested.flatMap(({ witnessed }) =>
      witnessed.filter(({ keyFrom }) => keyFrom === "given").map(({ witness }) => witness),
    ),
  );
  for (const { name } of outsiders.witnesses)
    if (!signed.has(name)) problems.add("data/logs", `the given witness ${name} has signed no log here`);
  if (outsiders.authorities && !attested.some(({ stamp }) => stamp?.caFrom === "given"))
    problems.add("data/logs", "the given time-stamp authority has stamped no log here");
  return attested;
}

interface Known {
  readonly given: Outsiders;
  readonly own: Outsiders;
}

function readWitnesses(
  { shard, note, verifiers }: PackageLog,
  { given, own }: Known,
  problems: Problems,
): Omit<Attested, "stamp"> {
  const isGiven = (of: Witness) => given.witnesses.some(({ vkey }) => vkey === of.vkey);
  const known = [...given.witnesses, ...own.witnesses.filter((one) => !isGiven(one))];
  const judged = known.map((witness) => ({ witness, ...judgeCosignatures(note, [witness]) }));
  for (const { witness, wrong } of judged)
    if (wrong.length > 0)
      problems.add(
        `data/logs/${shard}/checkpoint`,
        `the signature of the witness ${witness.name} is not its own`,
      );
  return {
    witnessed: judged.flatMap(({ witness, good }) =>
      good.map(({ at }) => ({
        witness: witness.name,
        at: at.toISOString(),
        keyFrom: isGiven(witness) ? "given" : "package",
      })),
    ),
    unknownWitnesses: judgeCosignatures(note, known, verifiers).unknown,
  };
}

function readStamp(
  files: CheckedFiles,
  { shard, note }: PackageLog,
  { given, own }: Known,
  problems: Problems,
): Stamped | undefined {
  const path = `data/logs/${shard}/checkpoint.tsr`;
  const file = files.has(path) ? files.read(path) : undefined;
  if (!file) return undefined;
  return problems.guard(path, () => {
    const stamp = openStamp(file.bytes, Buffer.from(note));
    const authorities = given.authorities ?? own.authorities;
    if (authorities && !leadsTo(stamp, authorities)) {
      const whose = given.authorities ? "the given certificates" : TSA_CA;
      problems.add(path, `it does not lead to ${whose}`);
      return undefined;
    }
    const caFrom = given.authorities ? "given" : "package";
    return { at: stamp.at.toISOString(), authority: stamp.authority, caFrom };
  });
}

/** The keys that the package brings. They tell a good signature from a wrong one, and vouch for nothing. */
function ownWitnesses(files: CheckedFiles, problems: Problems): Witness[] {
  const file = files.has(WITNESSES) ? files.read(WITNESSES) : undefined;
  const parsed = problems.guard(WITNESSES, () => {
    const lines = file ? strictText(file.bytes).replace(/\n$/, "").split("\n") : [];
    if (lines.length > MAX_WITNESSES) throw new BadFile("more witnesses than can sign");
    return [...new Set(lines)].map(parseWitnessKey);
  });
  return parsed ?? [];
}

function ownAuthorities(files: CheckedFiles, problems: Problems): CertificateSet | undefined {
  const file = files.has(TSA_CA) ? files.read(TSA_CA) : undefined;
  return problems.guard(TSA_CA, () => (file ? readCertificates(strictText(file.bytes)) : undefined));
}
