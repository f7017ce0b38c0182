import { createIdentifiers } from "./identifiers.ts";
import { isWord, termsOf } from "./fold.ts";

/** Different words of one record that are indexed at most. */
export const MAX_TOKENS = 32_768;
/** Longer words are found whole, but `word*` does not reach them: they are not in the vocabulary. */
export const MAX_VOCABULARY_CHARACTERS = 64;

/** A word and its token. */
export interface Word {
  readonly text: string;
  /** HMAC-SHA-256 under the token key, cut to 8 bytes. */
  readonly token: bigint;
  /** The vocabulary's generation in which it was last known to be stored; infinite if it does not belong there. */
  storedAt: number;
}

export interface Tokeniser {
  /** The different words of a text. `whole: false`: there were more than `MAX_TOKENS`. */
  tokenise(text: string): { words: Word[]; whole: boolean };
  /** The token of one folded term. */
  token(term: string): bigint;
}

/**
 * @param tokenKey 32 bytes
 * @param remembered words that are kept in memory with their token, so that most need no HMAC
 */
export function createTokeniser(tokenKey: Uint8Array, remembered = 200_000): Tokeniser {
  const identifiers = createIdentifiers(tokenKey);
  // Two generations of half the size: when the young one is full, it becomes the old one, so that words
  // that recur stay and a flood of new ones cannot make it grow.
  let young = new Map<string, Word>();
  let old = new Map<string, Word>();

  const fresh = (text: string): Word => ({
    text,
    token: identifiers.of("word", text),
    storedAt: text.length <= MAX_VOCABULARY_CHARACTERS && isWord(text) ? -1 : Infinity,
  });

  const word = (text: string): Word => {
    const known = young.get(text);
    if (known !== undefined) return known;
    const found = old.get(text) ?? fresh(text);
    if (young.size >= remembered / 2) {
      old = young;
      young = new Map();
    }
    young.set(text, found);
    return found;
  };

  return {
    tokenise(text) {
      const { terms, whole } = termsOf(text, MAX_TOKENS);
      const words: Word[] = [];
      for (const term of terms) words.push(word(term));
      return { words, whole };
    },
    token: (term) => word(term).token,
  };
}
