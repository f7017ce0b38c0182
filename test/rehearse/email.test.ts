import { jest } from "@jest/globals";
import { describeWithPostfix } from "../../connectors/email/test/postfix.ts";
import { Daybook } from "../e2e/support/daybook.ts";
import { REHEARSED_MAIL, rehearseEmail } from "./email.ts";

jest.setTimeout(240_000);

describeWithPostfix("e-mail, rehearsed", () => {
  it("ends with a verified package of mail that Postfix handed over before and after a kill", async () => {
    const daybook = new Daybook();
    try {
      const { byKind, verified } = await rehearseEmail(daybook, () => undefined);

      expect(byKind.message).toBe(REHEARSED_MAIL);
      // Of the blind copy, of what the copied one proves, and the receipt for it.
      expect(byKind.notice).toBeGreaterThanOrEqual(3);
      expect(byKind.coverage).toBeGreaterThanOrEqual(1);
      expect(byKind.gap).toBeUndefined();
      expect(verified).toMatch(/^Good: \d+ records, each proved/);
    } finally {
      await daybook.remove();
    }
  });
});
