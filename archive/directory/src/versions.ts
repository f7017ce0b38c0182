// The files in the directory of one mutable object, `KEY@`. An id is random and never used twice.
//
//   ID            the object's bytes
//   +BASE.ID      bytes that somebody wants to put in the place of BASE's
//   BASE~ID       BASE's bytes, replaced by ID's: renaming BASE to this is the compare-and-swap. It happens
//                 in one step and to one name, so only one of several writers can do it, and none that read
//                 an earlier version can. Then +BASE.ID becomes ID, and BASE~ID goes.

const ID = "[0-9a-f]{32}";
const PLAIN = new RegExp(`^${ID}$`);
const CANDIDATE = new RegExp(`^\\+(${ID})\\.${ID}$`);
const REPLACED = new RegExp(`^(${ID})~(${ID})$`);

export interface Version {
  readonly id: string;
  /** Name of the file with its bytes. */
  readonly file: string;
}

export function candidateName(base: string, id: string): string {
  return `+${base}.${id}`;
}

export function replacedName(base: string, id: string): string {
  return `${base}~${id}`;
}

/** The version that counts among the files of one listing; undefined when there is none. */
export function currentVersion(files: readonly string[]): Version | undefined {
  const plain = files.find((file) => PLAIN.test(file));
  if (plain !== undefined) return { id: plain, file: plain };
  const replaced = files.map((file) => REPLACED.exec(file)).filter((match) => match !== null);
  const bases = new Set(replaced.map((match) => match[1]));
  const newest = replaced.find((match) => !bases.has(match[2]));
  if (!newest) return undefined;
  const [file, base, id] = newest as unknown as [string, string, string];
  const candidate = candidateName(base, id);
  // After a power failure the new bytes may be gone while the old ones, not yet removed, are there.
  return files.includes(candidate) ? { id, file: candidate } : { id: base, file };
}

/**
 * The files of one listing that can never count again: what was replaced, and candidates whose base was. Those
 * that wait to replace the current version are left alone: their writers may be at work.
 */
export function deadFiles(files: readonly string[]): string[] {
  const current = currentVersion(files);
  if (!current) return [];
  return files.filter((file) => {
    if (file === current.file) return false;
    const base = CANDIDATE.exec(file)?.[1];
    if (base !== undefined) return base !== current.id;
    // While its candidate has not got its own name, this file is what says that it counts.
    return REPLACED.exec(file)?.[2] !== current.id || current.file === current.id;
  });
}
