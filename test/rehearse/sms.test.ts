import { jest } from "@jest/globals";
import { Daybook } from "../e2e/support/daybook.ts";
import { describeWithJsmpp } from "../fakes/jsmpp/index.ts";
import { rehearseSms } from "./sms.ts";

jest.setTimeout(240_000);

describeWithJsmpp("SMS, rehearsed", () => {
  it("ends with a verified package of messages that jSMPP delivered over a kill", async () => {
    const daybook = new Daybook();
    try {
      const { byKind, verified } = await rehearseSms(daybook, () => undefined);

      // One, the same word twice, the long one, five more.
      expect(byKind).toMatchObject({ message: 9 });
      expect(byKind.coverage).toBeGreaterThanOrEqual(1);
      expect(byKind.gap).toBeUndefined();
      expect(verified).toMatch(/^Good: \d+ records, each proved/);
    } finally {
      await daybook.remove();
    }
  });
});
