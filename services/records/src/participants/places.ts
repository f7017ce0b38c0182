/** Where each cell of people outside is sealed: see `PLACES`. */
export const participantPlaces = {
  participant: (id: string) => `participant.name/${id}`,
  participantIdentifier: (id: string) => `participant.identifier/${id}`,
} as const;
