import { jest } from "@jest/globals";
import { Daybook } from "../e2e/support/daybook.ts";
import { rehearseIMessage } from "./imessage.ts";

jest.setTimeout(240_000);

it("ends with a verified package of a busy Mac's messages, over a kill of the gateway and of the agent", async () => {
  const daybook = new Daybook();
  try {
    const { byKind, verified, did, isJudged } = await rehearseIMessage(daybook, () => undefined);
    if (!isJudged) console.warn("skipped: imessage-exporter is missing (npm run lab -- --install)");

    expect(byKind).toMatchObject({
      edit: did.edits,
      reaction: did.tapbacks,
      delete: did.unsends + did.deleted,
    });
    // Of those that were unsent before they were read, that alone is left.
    expect(byKind.message).toBeGreaterThanOrEqual(did.messages - did.unsends);
    expect(byKind.message).toBeLessThanOrEqual(did.messages);
    expect(byKind.gap).toBeUndefined();
    expect(verified).toMatch(/^Good: \d+ records, each proved/);
  } finally {
    await daybook.remove();
  }
});
