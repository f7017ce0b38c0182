/** What names a message on Signal, the same for everybody who has it: who wrote it, and its sender's clock. */
export function messageId(author: string, timestamp: bigint | number): string {
  return `${author}:${timestamp}`;
}
