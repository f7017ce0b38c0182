/** What a server asks for, for people. @param seconds undefined or not a number where it did not say */
export function waitInWords(seconds: number | undefined): string {
  if (seconds === undefined || !(seconds > 0)) return "some minutes";
  if (seconds < 120) return `${Math.ceil(seconds)} seconds`;
  return `${Math.ceil(seconds / 60)} minutes`;
}
