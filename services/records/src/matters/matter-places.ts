/** Where the sealed cells of matters are: of `PLACES`. */
export const MATTER_PLACES = {
  title: (id: string) => `matter.title/${id}`,
  reference: (id: string) => `matter.reference/${id}`,
  words: (id: string, n: number) => `matter_event.words/${id}/${n}`,
} as const;
