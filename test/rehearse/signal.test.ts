import { jest } from "@jest/globals";
import { Daybook } from "../e2e/support/daybook.ts";
import { rehearseSignal } from "./signal.ts";

jest.setTimeout(240_000);

it("ends with a verified package of a conversation that was captured over a kill", async () => {
  const daybook = new Daybook();
  try {
    const { byKind, verified } = await rehearseSignal(daybook, () => undefined);

    // Asked for, edit, timer, delete; two messages, five more and the answer.
    expect(byKind).toMatchObject({ message: 8, edit: 1, timer: 1, delete: 1, notice: 1 });
    expect(verified).toMatch(/^Good: \d+ records, each proved/);
  } finally {
    await daybook.remove();
  }
});
