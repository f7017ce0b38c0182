import { rmSync } from "node:fs";

/** Gives the memory back that a run's files took (jest.config.js). */
export default function after() {
  const folder = process.env.DAYBOOK_TEST_FOLDER;
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
