import type { CheckedFiles } from "./checked-files.ts";
import { ALWAYS, misplaced } from "./layout.ts";
import type { Problems } from "./problems.ts";

const DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
const MANIFEST = "manifest-sha256.txt";
export const TAG_MANIFEST = "tagmanifest-sha256.txt";

/** Checks the bag itself: which files there are, and that both manifests list exactly them (RFC 8493). */
export async function checkBag(files: CheckedFiles, problems: Problems): Promise<void> {
  for (const path of ALWAYS) if (!files.has(path)) problems.add(path, "missing");
  const lowerCase = new Set<string>();
  for (const path of files.paths) {
    const why = misplaced(path, files.sizeOf(path) ?? 0);
    if (why !== undefined) {
      problems.add(path, why);
      files.refuse(path);
    }
    if (path === path.toLowerCase()) continue;
    // Two names that differ by case only are one file on many systems.
    if (lowerCase.has(path.toLowerCase()) || files.has(path.toLowerCase()))
      problems.add(path, "another file's name, but for upper and lower case");
    lowerCase.add(path.toLowerCase());
  }
  await files.learn(TAG_MANIFEST);
  await files.learn(MANIFEST);
  files.judgeManifests();
  files.compare((path) => path !== TAG_MANIFEST);
  checkDeclaration(files, problems);
  checkInfo(files, problems);
}

function checkDeclaration(files: CheckedFiles, problems: Problems): void {
  if (!files.has("bagit.txt")) return;
  if (files.read("bagit.txt")?.bytes.toString() !== DECLARATION)
    problems.add("bagit.txt", "not of a BagIt 1.0 bag");
}

function checkInfo(files: CheckedFiles, problems: Problems): void {
  if (!files.has("bag-info.txt")) return;
  let octets = 0;
  let count = 0;
  for (const path of files.paths) {
    if (!path.startsWith("data/")) continue;
    octets += files.sizeOf(path) ?? 0;
    count += 1;
  }
  const info = files.read("bag-info.txt")?.bytes.toString().split("\n") ?? [];
  const oxum = info.filter((line) => line.startsWith("Payload-Oxum:"));
  if (oxum.length !== 1 || oxum[0] !== `Payload-Oxum: ${octets}.${count}`)
    problems.add("bag-info.txt", `its Payload-Oxum is not ${octets}.${count}`);
}
