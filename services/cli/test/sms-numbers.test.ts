import { numberLine, numbersLive, smsNumbers } from "../src/sms-numbers.ts";

const lines = (...all: string[]) => smsNumbers.safeParse(all.map(numberLine));
const A = "+447700900123";

describe("official numbers of a deployment", () => {
  it("have a custodian, and perhaps the days between which they are theirs", () => {
    const { data } = lines(
      `${A} Olivia Sinclair until 2026-06-30`,
      `${A}   Ben from 2026-08-01 until 2026-08-01`,
      "+447700900124 Jan from Groningen",
    );
    expect(data).toEqual([
      { number: A, custodian: "Olivia Sinclair", until: new Date("2026-07-01T00:00:00Z") },
      {
        number: A,
        custodian: "Ben",
        from: new Date("2026-08-01T00:00:00Z"),
        until: new Date("2026-08-02T00:00:00Z"),
      },
      { number: "+447700900124", custodian: "Jan from Groningen" },
    ]);
  });

  it.each([
    ["without a custodian", [A]],
    ["without a country", ["07700900123 Olivia"]],
    ["with a day that there is not", [`${A} Olivia until 2026-02-30`]],
    ["that end before they begin", [`${A} Olivia from 2026-03-02 until 2026-03-01`]],
    ["that are two custodians' at one time", [`${A} Olivia until 2026-06-30`, `${A} Ben from 2026-06-30`]],
    ["that are two custodians' for ever", [`${A} Olivia`, `${A} Ben`]],
  ])("are refused %s", (_, all) => {
    expect(lines(...all).success).toBe(false);
  });

  it("are accounts of whoever holds them now, and name the others", () => {
    const numbers = lines(`${A} Olivia until 2026-06-30`, `${A} Ben from 2026-08-01`).data ?? [];
    const at = (day: string) => numbersLive(numbers, Date.parse(day));
    expect(at("2026-06-30T23:59:59Z").accounts.map(({ custodian }) => custodian)).toEqual(["Olivia"]);
    expect(at("2026-07-01").accounts).toEqual([]);
    expect(at("2026-08-01")).toMatchObject({
      accounts: [{ custodian: "Ben", identifier: A }],
      holders: ["Olivia", "Ben"],
    });
  });
});
