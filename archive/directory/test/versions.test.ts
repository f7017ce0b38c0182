import { currentVersion, deadFiles } from "../src/versions.ts";

const [A, B, C, D] = ["a", "b", "c", "d"].map((digit) => digit.repeat(32)) as [
  string,
  string,
  string,
  string,
];

describe("the files of an object", () => {
  it.each<{
    when: string;
    files: string[];
    current: { id: string; file: string } | undefined;
    dead: string[];
  }>([
    { when: "there are none", files: [], current: undefined, dead: [] },
    { when: "there are only others", files: ["x", `${A}.bak`, "+", `+${A}`], current: undefined, dead: [] },
    { when: "nobody writes", files: [A], current: { id: A, file: A }, dead: [] },
    {
      when: "two writers are about to replace it",
      files: [`+${A}.${B}`, `+${A}.${C}`, A],
      current: { id: A, file: A },
      dead: [],
    },
    {
      when: "one of two has won",
      files: [`+${A}.${B}`, `+${A}.${C}`, `${A}~${B}`],
      current: { id: B, file: `+${A}.${B}` },
      dead: [`+${A}.${C}`],
    },
    {
      when: "the new version has its own name",
      files: [`+${A}.${C}`, B, `${A}~${B}`],
      current: { id: B, file: B },
      dead: [`+${A}.${C}`, `${A}~${B}`],
    },
    {
      when: "it was replaced again before the oldest was gone",
      files: [`${A}~${B}`, `${B}~${C}`, `+${B}.${C}`, `+${C}.${D}`, `+${A}.${D}`],
      current: { id: C, file: `+${B}.${C}` },
      dead: [`${A}~${B}`, `+${A}.${D}`],
    },
    {
      when: "a power failure has taken the new bytes",
      files: [`${A}~${B}`],
      current: { id: A, file: `${A}~${B}` },
      dead: [],
    },
  ])("say which one counts and which never can again, when $when", ({ files, current, dead }) => {
    for (const listing of [files, files.toReversed()]) {
      expect(currentVersion(listing)).toEqual(current);
      expect(new Set(deadFiles(listing))).toEqual(new Set(dead));
    }
  });
});
