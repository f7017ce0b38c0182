/** Where each cell of people, posts and devices is sealed: see `PLACES`. */
export const postPlaces = {
  custodian: (id: string) => `custodian.name/${id}`,
  heldIdentifier: (id: string) => `identifier.value/${id}`,
  post: (id: string) => `post.title/${id}`,
  unit: (id: string) => `post.unit/${id}`,
  basis: (id: string) => `holding.basis/${id}`,
  device: (id: string) => `device.label/${id}`,
  deviceSource: (id: string) => `device.source/${id}`,
} as const;
