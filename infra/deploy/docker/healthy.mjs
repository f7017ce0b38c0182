// Ends with 0 if the service in this container is of any use, by its operations port: an image needs no curl for that.
const port = process.env.DAYBOOK_OPERATIONS_PORT ?? Number(process.env.DAYBOOK_PORT ?? 4480) + 1;
try {
  const answer = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(4_000) });
  process.exitCode = answer.ok ? 0 : 1;
} catch {
  process.exitCode = 1;
}
