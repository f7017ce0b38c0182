/** Where the sealed cells of people are: of `PLACES`. */
export const signInPlaces = {
  person: (id: string) => `person.name/${id}`,
  passkey: (id: string) => `passkey.label/${id}`,
} as const;
