/** Where the sealed cells of calendars are: of `PLACES`. */
export const CALENDAR_PLACES = {
  source: (id: string) => `calendar_version.source/${id}`,
} as const;
