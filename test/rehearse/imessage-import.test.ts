import { jest } from "@jest/globals";
import { Daybook } from "../e2e/support/daybook.ts";
import { rehearseIMessageImport } from "./imessage-import.ts";

jest.setTimeout(240_000);

it("ends with a verified package of a Mac's messages that were imported over a kill", async () => {
  const daybook = new Daybook();
  try {
    const { byKind, verified } = await rehearseIMessageImport(daybook, () => undefined);

    // The story's, the fleet's and the late one; its edits and the fleet's; what was unsent, deleted and a tombstone.
    expect(byKind).toMatchObject({
      message: 4_010,
      edit: 3,
      delete: 4,
      reaction: 3,
      membership: 3,
      receipt: 1,
      gap: 1,
    });
    expect(verified).toMatch(/^Good: \d+ records, each proved/);
  } finally {
    await daybook.remove();
  }
});
