import type { PolicyHook } from "./hook.ts";

/**
 * Keeps text that bears a protective marking from networks outside of the organisation (Government Security
 * Classifications). The longest marking that fits is named.
 *
 * @param markings such as `OFFICIAL-SENSITIVE`: found as whole words in capitals, with a space or a hyphen between words
 */
export function markingsHook(markings: readonly string[]): PolicyHook {
  const patterns = [...markings]
    .sort((a, b) => b.length - a.length)
    .map((marking) => {
      const words = marking.split(/[\s-]+/).map((word) => RegExp.escape(word));
      return {
        marking,
        pattern: new RegExp(
          `(?<![\\p{L}\\p{N}])${words.join("[\\s\\-\\u2010-\\u2015]*")}(?![\\p{L}\\p{N}])`,
          "u",
        ),
      };
    });
  return {
    name: "markings",
    refusal({ text }) {
      const found = patterns.find(({ pattern }) => pattern.test(text));
      return found && `the text is marked ${found.marking}: it must not leave on this network`;
    },
  };
}
