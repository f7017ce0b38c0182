import { jest } from "@jest/globals";
import { Daybook } from "../e2e/support/daybook.ts";
import { describeWithChromium } from "../fakes/whatsapp-web/index.ts";
import { rehearseWhatsApp } from "./whatsapp.ts";

jest.setTimeout(300_000);

describeWithChromium("WhatsApp, rehearsed", () => {
  it("ends with a verified package of two conversations that were captured over an outage and a kill", async () => {
    const daybook = new Daybook();
    try {
      const { byKind, verified } = await rehearseWhatsApp(daybook, () => undefined);

      // Of the two: 6 messages, one with a photo, and 5 without a network; of the group: 2, and 5 while the server was down;
      // to the official number: 2. One edit and one delete happened while it was down.
      // Gaps: before the link, and what was to be viewed once. Notices: of the link, of the photo, and that nobody knows when
      // the edit was made that was found later.
      expect(byKind).toMatchObject({
        message: 20,
        edit: 3,
        delete: 2,
        reaction: 1,
        membership: 1,
        gap: 2,
        notice: 3,
      });
      expect(byKind.coverage).toBeGreaterThanOrEqual(4);
      expect(verified).toMatch(/^Good: \d+ records, each proved/);
    } finally {
      await daybook.remove();
    }
  });
});
