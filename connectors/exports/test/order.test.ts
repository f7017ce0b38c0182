import { codes, read } from "./reading.ts";

const lines = (...dates: string[]) => dates.map((date) => `${date}, 15:04 - Ann: hi\n`).join("");
const times = async (text: string, options = {}) =>
  (await read(text, options)).entries.map(({ localTime }) => localTime.slice(0, 10));

describe("The order of day and month", () => {
  it("is told by a value over 12, wherever in the file it stands", async () => {
    const early = "01/02/2024";
    expect((await read(lines(...Array<string>(50).fill(early), "01/13/2024"))).survey).toMatchObject({
      order: "mdy",
      ambiguous: false,
      decidedBy: "values",
    });
    expect((await read(lines(...Array<string>(50).fill(early), "13/02/2024"))).survey).toMatchObject({
      order: "dmy",
      ambiguous: false,
      decidedBy: "values",
    });
  });

  it("is told by dates in the names of media", async () => {
    const text =
      "03/04/2024, 15:04 - Ann: IMG-20240304-WA0001.jpg (file attached)\n03/04/2024, 15:05 - Ann: hi\n";
    expect((await read(text)).survey).toMatchObject({
      order: "mdy",
      ambiguous: false,
      decidedBy: "media-names",
    });
    const ios =
      "[03/04/2024, 15:04:00] Ann: \u200e<attached: 00000012-PHOTO-2024-04-03-15-04-00.jpg>\n[03/04/2024, 15:05:00] Ann: hi\n";
    expect((await read(ios)).survey).toMatchObject({
      order: "dmy",
      ambiguous: false,
      decidedBy: "media-names",
    });
  });

  it("is told by time, which runs forward", async () => {
    expect(
      (await read(lines("01/02/2024", "02/02/2024", "02/03/2024", "03/03/2024", "01/04/2024"))).survey,
    ).toMatchObject({ order: "dmy", decidedBy: "sequence" });
    expect(
      (await read(lines("02/01/2024", "02/02/2024", "03/02/2024", "03/03/2024", "04/01/2024"))).survey,
    ).toMatchObject({ order: "mdy", decidedBy: "sequence" });
  });

  it("is not turned over by one message that was delivered late", async () => {
    const us = ["1/2/24", "1/5/24", "1/9/24", "2/1/24", "1/12/24", "2/4/24", "3/1/24", "3/7/24"];
    expect((await read(lines(...us))).survey).toMatchObject({
      order: "mdy",
      decidedBy: "sequence",
      ambiguous: false,
    });
  });

  it("is not turned over by a few forged lines in a long file", async () => {
    const days = Array.from(
      { length: 12 * 12 * 12 },
      (_, i) => `${String(1 + (Math.floor(i / 144) % 12))}/${String(1 + (Math.floor(i / 12) % 12))}/2024`,
    );
    days.splice(1_000, 0, "25/12/2024");
    const { survey, summary } = await read(lines(...days), {});
    expect(survey).toMatchObject({ order: "mdy", decidedBy: "sequence" });
    expect(summary.warnings).toContainEqual(
      expect.objectContaining({ code: "date-impossible", line: 1_001 }),
    );
  });

  it("is ambiguous where nothing tells: day first, and said so", async () => {
    const { survey, entries, summary } = await read(lines("03/04/2024", "03/04/2024"));
    expect(survey).toMatchObject({ order: "dmy", ambiguous: true, decidedBy: "default" });
    expect(entries[0]?.localTime).toBe("2024-04-03T15:04:00");
    expect(codes(summary)).toEqual(["order-ambiguous"]);
    expect(summary.ambiguous).toBe(true);
  });

  it("is ambiguous where both readings run forward", async () => {
    expect((await read(lines("03/04/2024", "04/05/2024"))).survey).toMatchObject({
      ambiguous: true,
      order: "dmy",
    });
  });

  it("is what the operator says where the file leaves it open", async () => {
    const { survey, entries, summary } = await read(lines("03/04/2024", "04/05/2024"), { dateOrder: "mdy" });
    expect(survey).toMatchObject({ order: "mdy", ambiguous: false, decidedBy: "operator" });
    expect(entries[0]?.localTime).toBe("2024-03-04T15:04:00");
    expect(summary.warnings).toEqual([]);
  });

  it("is what the operator says even against time running forward", async () => {
    expect(
      (await read(lines("01/02/2024", "02/02/2024", "01/03/2024"), { dateOrder: "mdy" })).survey.order,
    ).toBe("mdy");
  });

  it("cannot be what most dates contradict", async () => {
    const reading = read(lines("13/02/2024", "14/02/2024", "01/03/2024"), { dateOrder: "mdy" });
    await expect(reading).rejects.toMatchObject({
      code: "malformed",
      message: expect.stringContaining("mdy") as string,
    });
  });

  it("keeps what the operator's order cannot read as text, and says so", async () => {
    const { entries, summary } = await read(lines("01/02/2024", "02/02/2024", "13/02/2024", "03/03/2024"), {
      dateOrder: "mdy",
    });
    expect(entries).toHaveLength(3);
    expect(entries[1]?.body).toContain("13/02/2024");
    expect(summary.warnings).toMatchObject([{ code: "order-contradicted", line: 3, count: 1 }]);
  });

  it("is plain where the year stands first, whatever the operator says", async () => {
    const { survey, entries } = await read(lines("2024-03-04"), { dateOrder: "mdy" });
    expect(survey).toMatchObject({ order: "ymd", ambiguous: false, decidedBy: "year" });
    expect(entries[0]?.localTime).toBe("2024-03-04T15:04:00");
    expect(codes(survey)).toEqual(["order-ignored"]);
  });

  it("may be year first with two digits: 2008 was before WhatsApp", async () => {
    expect(await times(lines("12/03/04", "12/03/08"))).toEqual(["2012-03-04", "2012-03-08"]);
  });

  it("knows leap days", async () => {
    expect(await times(lines("29/02/2024", "28/02/2023", "29/02/2023"))).toEqual([
      "2024-02-29",
      "2023-02-28",
    ]);
  });
});

describe("Unknown words for halves of the day", () => {
  const line = (date: string, time: string) => `${date}/03/2024, ${time} - Ann: hi\n`;

  it("are told apart by time running forward", async () => {
    const text =
      line("25", "9:05 qasi") +
      line("25", "3:04 wari") +
      line("26", "8:00 qasi") +
      line("26", "11:59 qasi") +
      line("26", "1:00 wari");
    const { entries, survey } = await read(text);
    expect(entries.map(({ localTime }) => localTime.slice(11, 16))).toEqual([
      "09:05",
      "15:04",
      "08:00",
      "11:59",
      "13:00",
    ]);
    expect(survey.clock).toBe(12);
    expect(codes(survey)).toEqual(["half-day-guessed"]);
  });

  it("are told apart when the afternoon comes first", async () => {
    const text = line("25", "3:04 wari") + line("26", "8:00 qasi") + line("26", "1:00 wari");
    expect((await read(text)).entries.map(({ localTime }) => localTime.slice(11, 16))).toEqual([
      "15:04",
      "08:00",
      "13:00",
    ]);
  });

  it("say nothing alone, and the summary warns", async () => {
    const { entries, survey } = await read(line("25", "3:04 wari"));
    expect(entries[0]?.localTime).toBe("2024-03-25T03:04:00");
    expect(codes(survey)).toEqual(["half-day-unknown"]);
  });

  it("say nothing where hours go over 12", async () => {
    const { entries, survey } = await read(line("25", "3:04 wari") + line("25", "15:04 wari"));
    expect(entries.map(({ localTime }) => localTime.slice(11, 16))).toEqual(["03:04", "15:04"]);
    expect(survey).toMatchObject({ clock: 24, warnings: [] });
  });
});
