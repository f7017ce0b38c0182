import { read, shown } from "./reading.ts";

const LRM = "\u200e";
const RLM = "\u200f";
const NNBSP = "\u202f";
const NBSP = "\u00a0";

interface Dialect {
  name: string;
  /** Two headers of one file, the second on a day after the 12th or later in the day. */
  headers: [string, string];
  times: [string, string];
  order: "dmy" | "mdy" | "ymd";
  clock?: 12 | 24;
  calendar?: string;
}

const dialects: Dialect[] = [
  {
    name: "Android, day first, four-digit year",
    headers: ["04/03/2024, 09:05 - ", "25/03/2024, 15:04 - "],
    times: ["2024-03-04T09:05:00", "2024-03-25T15:04:00"],
    order: "dmy",
  },
  {
    name: "Android, US",
    headers: ["3/4/24, 9:05 AM - ", "3/25/24, 3:04 PM - "],
    times: ["2024-03-04T09:05:00", "2024-03-25T15:04:00"],
    order: "mdy",
    clock: 12,
  },
  {
    name: "Android, US, since 2023, with NNBSP",
    headers: [`3/4/24, 12:05${NNBSP}AM - `, `3/25/24, 12:04${NNBSP}PM - `],
    times: ["2024-03-04T00:05:00", "2024-03-25T12:04:00"],
    order: "mdy",
    clock: 12,
  },
  {
    name: "Android, 24 h, two-digit year",
    headers: ["04/03/24, 9:05 - ", "25/03/24, 15:04 - "],
    times: ["2024-03-04T09:05:00", "2024-03-25T15:04:00"],
    order: "dmy",
  },
  {
    name: "lower-case am and pm",
    headers: ["04/03/2024, 9:05 am - ", "25/03/2024, 3:04 pm - "],
    times: ["2024-03-04T09:05:00", "2024-03-25T15:04:00"],
    order: "dmy",
    clock: 12,
  },
  {
    name: "nothing between the time and pm",
    headers: ["04/03/2024, 9:05am - ", "25/03/2024, 3:04pm - "],
    times: ["2024-03-04T09:05:00", "2024-03-25T15:04:00"],
    order: "dmy",
    clock: 12,
  },
  {
    name: "a. m. with NBSP inside",
    headers: [`4/3/2024, 9:05 a.${NBSP}m. - `, `25/3/2024, 3:04 p.${NBSP}m. - `],
    times: ["2024-03-04T09:05:00", "2024-03-25T15:04:00"],
    order: "dmy",
    clock: 12,
  },
  {
    name: "a.m.",
    headers: ["4/3/2024 9:05 a.m. - ", "25/3/2024 3:04 p.m. - "],
    times: ["2024-03-04T09:05:00", "2024-03-25T15:04:00"],
    order: "dmy",
    clock: 12,
  },
  {
    name: "iOS, brackets and seconds",
    headers: ["[04/03/2024, 09:05:07] ", "[25/03/2024, 15:04:08] "],
    times: ["2024-03-04T09:05:07", "2024-03-25T15:04:08"],
    order: "dmy",
  },
  {
    name: "iOS without comma",
    headers: ["[04/03/24 09:05:07] ", "[25/03/24 15:04:08] "],
    times: ["2024-03-04T09:05:07", "2024-03-25T15:04:08"],
    order: "dmy",
  },
  {
    name: "iOS, US, NNBSP before PM",
    headers: [`[3/4/24, 9:05:07${NNBSP}AM] `, `[3/25/24, 3:04:08${NNBSP}PM] `],
    times: ["2024-03-04T09:05:07", "2024-03-25T15:04:08"],
    order: "mdy",
    clock: 12,
  },
  {
    name: "iOS, German, dots",
    headers: ["[04.03.24, 09:05:07] ", "[25.03.24, 15:04:08] "],
    times: ["2024-03-04T09:05:07", "2024-03-25T15:04:08"],
    order: "dmy",
  },
  {
    name: "iOS, Danish, dots in the time",
    headers: ["[04.03.2024 09.05.07] ", "[25.03.2024 15.04.08] "],
    times: ["2024-03-04T09:05:07", "2024-03-25T15:04:08"],
    order: "dmy",
  },
  {
    name: "iOS, US, mark after the bracket",
    headers: [`[${LRM}3/4/24, 9:05:07 AM] `, `[${LRM}3/25/24, 3:04:08 PM] `],
    times: ["2024-03-04T09:05:07", "2024-03-25T15:04:08"],
    order: "mdy",
    clock: 12,
  },
  {
    name: "iOS of 2014, without brackets",
    headers: ["04/03/14 09:05:07: ", "25/03/14 15:04:08: "],
    times: ["2014-03-04T09:05:07", "2014-03-25T15:04:08"],
    order: "dmy",
  },
  {
    name: "dashes in the date",
    headers: ["04-03-2024 09:05 - ", "25-03-2024 15:04 - "],
    times: ["2024-03-04T09:05:00", "2024-03-25T15:04:00"],
    order: "dmy",
  },
  {
    name: "year first",
    headers: ["2024/3/4, 09:05 - ", "2024/3/25, 15:04 - "],
    times: ["2024-03-04T09:05:00", "2024-03-25T15:04:00"],
    order: "ymd",
  },
  {
    name: "ISO",
    headers: ["2024-03-04, 09:05 - ", "2024-03-25, 15:04 - "],
    times: ["2024-03-04T09:05:00", "2024-03-25T15:04:00"],
    order: "ymd",
  },
  {
    name: "year of two digits first",
    headers: ["24/3/4, 09:05 - ", "24/3/25, 15:04 - "],
    times: ["2024-03-04T09:05:00", "2024-03-25T15:04:00"],
    order: "ymd",
  },
  {
    name: "Canadian French, 9 h 05",
    headers: ["2024-03-04, 09 h 05 - ", "2024-03-25, 15 h 04 - "],
    times: ["2024-03-04T09:05:00", "2024-03-25T15:04:00"],
    order: "ymd",
  },
  {
    name: "Korean",
    headers: ["2024. 3. 4. 오전 9:05 - ", "2024. 3. 25. 오후 3:04 - "],
    times: ["2024-03-04T09:05:00", "2024-03-25T15:04:00"],
    order: "ymd",
    clock: 12,
  },
  {
    name: "Korean in words",
    headers: ["[2024년 3월 4일 오전 9:05:07] ", "[2024년 3월 25일 오후 3:04:08] "],
    times: ["2024-03-04T09:05:07", "2024-03-25T15:04:08"],
    order: "ymd",
    clock: 12,
  },
  {
    name: "Chinese, half of the day before the time",
    headers: ["[2024/3/4 上午9:05:07] ", "[2024/3/25 下午3:04:08] "],
    times: ["2024-03-04T09:05:07", "2024-03-25T15:04:08"],
    order: "ymd",
    clock: 12,
  },
  {
    name: "Chinese day parts: midnight and evening",
    headers: ["2024/3/4, 凌晨12:05 - ", "2024/3/25, 晚上9:04 - "],
    times: ["2024-03-04T00:05:00", "2024-03-25T21:04:00"],
    order: "ymd",
    clock: 12,
  },
  {
    name: "Chinese day parts: morning and noon",
    headers: ["2024/3/4, 早上8:05 - ", "2024/3/25, 中午12:04 - "],
    times: ["2024-03-04T08:05:00", "2024-03-25T12:04:00"],
    order: "ymd",
    clock: 12,
  },
  {
    name: "Chinese, nothing between the date and the half of the day",
    headers: ["2024/3/1下午3:04 - ", "2024/3/12下午4:05 - "],
    times: ["2024-03-01T15:04:00", "2024-03-12T16:05:00"],
    order: "ymd",
    clock: 12,
  },
  {
    name: "Japanese",
    headers: ["[2024/03/04 午前9:05:07] ", "[2024/03/25 午後3:04:08] "],
    times: ["2024-03-04T09:05:07", "2024-03-25T15:04:08"],
    order: "ymd",
    clock: 12,
  },
  {
    name: "Japanese clock with hour 0",
    headers: ["2024/03/04, 午前0:05 - ", "2024/03/25, 午後0:04 - "],
    times: ["2024-03-04T00:05:00", "2024-03-25T12:04:00"],
    order: "ymd",
    clock: 12,
  },
  {
    name: "Japanese era, letter",
    headers: ["[3/4/R6, 9:05:07 AM] ", "[3/25/R6, 3:04:08 PM] "],
    times: ["2024-03-04T09:05:07", "2024-03-25T15:04:08"],
    order: "mdy",
    clock: 12,
    calendar: "japanese",
  },
  {
    name: "Japanese eras, in words and changing",
    headers: ["[平成31/4/30 9:05:07] ", "[令和1/5/25 15:04:08] "],
    times: ["2019-04-30T09:05:07", "2019-05-25T15:04:08"],
    order: "ymd",
    calendar: "japanese",
  },
  {
    name: "Buddhist, with BE",
    headers: ["3/4/2567 BE, 09:05 - ", "3/25/2567 BE, 15:04 - "],
    times: ["2024-03-04T09:05:00", "2024-03-25T15:04:00"],
    order: "mdy",
    calendar: "buddhist",
  },
  {
    name: "Buddhist, bare",
    headers: ["4/3/2567 09:05 - ", "25/3/2567 15:04 - "],
    times: ["2024-03-04T09:05:00", "2024-03-25T15:04:00"],
    order: "dmy",
    calendar: "buddhist",
  },
  {
    name: "Buddhist, two digits",
    headers: ["4/3/67 09:05 - ", "25/3/67 15:04 - "],
    times: ["2024-03-04T09:05:00", "2024-03-25T15:04:00"],
    order: "dmy",
    calendar: "buddhist",
  },
  {
    name: "Minguo",
    headers: ["113/3/4 09:05 - ", "113/3/25 15:04 - "],
    times: ["2024-03-04T09:05:00", "2024-03-25T15:04:00"],
    order: "ymd",
    calendar: "minguo",
  },
  {
    name: "Persian calendar and digits",
    headers: ["۱۴۰۲/۱۲/۱۴،‏ ۹:۰۵ - ", "۱۴۰۳/۱/۱۳،‏ ۱۵:۰۴ - "],
    times: ["2024-03-04T09:05:00", "2024-04-01T15:04:00"],
    order: "ymd",
    calendar: "persian",
  },
  {
    name: "Arabic with RLM and words",
    headers: [`${RLM}4${RLM}/3${RLM}/2024، 9:05 ص - `, `${RLM}25${RLM}/3${RLM}/2024، 3:04 م - `],
    times: ["2024-03-04T09:05:00", "2024-03-25T15:04:00"],
    order: "dmy",
    clock: 12,
  },
  {
    name: "Arabic-Indic digits",
    headers: [`[٤${RLM}/٣${RLM}/٢٠٢٤،${RLM} ٩:٠٥:٠٧ ص] `, `[٢٥${RLM}/٣${RLM}/٢٠٢٤،${RLM} ٣:٠٤:٠٨ م] `],
    times: ["2024-03-04T09:05:07", "2024-03-25T15:04:08"],
    order: "dmy",
    clock: 12,
  },
  {
    name: "Devanagari digits",
    headers: ["४/३/२४, ९:०५ पूर्वाह्न - ", "२५/३/२४, ३:०४ अपराह्न - "],
    times: ["2024-03-04T09:05:00", "2024-03-25T15:04:00"],
    order: "dmy",
    clock: 12,
  },
  {
    name: "Bengali digits",
    headers: ["৪/৩/২৪, ৯:০৫ AM - ", "২৫/৩/২৪, ৩:০৪ PM - "],
    times: ["2024-03-04T09:05:00", "2024-03-25T15:04:00"],
    order: "dmy",
    clock: 12,
  },
  {
    name: "Thai digits",
    headers: ["๔/๓/๒๕๖๗ ๐๙:๐๕ - ", "๒๕/๓/๒๕๖๗ ๑๕:๐๔ - "],
    times: ["2024-03-04T09:05:00", "2024-03-25T15:04:00"],
    order: "dmy",
    calendar: "buddhist",
  },
  {
    name: "Finnish, klo",
    headers: ["4.3.2024 klo 9.05 - ", "25.3.2024 klo 15.04 - "],
    times: ["2024-03-04T09:05:00", "2024-03-25T15:04:00"],
    order: "dmy",
  },
  {
    name: "Greek",
    headers: ["4/3/24, 9:05 π.μ. - ", "25/3/24, 3:04 μ.μ. - "],
    times: ["2024-03-04T09:05:00", "2024-03-25T15:04:00"],
    order: "dmy",
    clock: 12,
  },
  {
    name: "Bulgarian, 24 h",
    headers: ["4.03.24 г., 9:05 ч. - ", "25.03.24 г., 15:04 ч. - "],
    times: ["2024-03-04T09:05:00", "2024-03-25T15:04:00"],
    order: "dmy",
  },
  {
    name: "Bulgarian, 12 h",
    headers: ["4.03.24 г., 9:05 ч. пр.об. - ", "25.03.24 г., 3:04 ч. сл.об. - "],
    times: ["2024-03-04T09:05:00", "2024-03-25T15:04:00"],
    order: "dmy",
    clock: 12,
  },
  {
    name: "Hungarian, spaces after dots",
    headers: ["2024. 03. 04. 9:05 - ", "2024. 03. 25. 15:04 - "],
    times: ["2024-03-04T09:05:00", "2024-03-25T15:04:00"],
    order: "ymd",
  },
  {
    name: "Croatian, spaces and a dot at the end",
    headers: ["04. 03. 2024. 09:05 - ", "25. 03. 2024. 15:04 - "],
    times: ["2024-03-04T09:05:00", "2024-03-25T15:04:00"],
    order: "dmy",
  },
  {
    name: "Vietnamese, time first",
    headers: ["09:05, 04/03/2024 - ", "15:04, 25/03/2024 - "],
    times: ["2024-03-04T09:05:00", "2024-03-25T15:04:00"],
    order: "dmy",
  },
  {
    name: "time first in brackets",
    headers: ["[09:05:07, 04/03/2024] ", "[15:04:08, 25/03/2024] "],
    times: ["2024-03-04T09:05:07", "2024-03-25T15:04:08"],
    order: "dmy",
  },
  {
    name: "Vietnamese halves of the day, time first",
    headers: ["9:05 SA, 04/03/2024 - ", "3:04 CH, 25/03/2024 - "],
    times: ["2024-03-04T09:05:00", "2024-03-25T15:04:00"],
    order: "dmy",
    clock: 12,
  },
  {
    name: "Malay",
    headers: ["04/03/2024, 9:05 PG - ", "25/03/2024, 3:04 PTG - "],
    times: ["2024-03-04T09:05:00", "2024-03-25T15:04:00"],
    order: "dmy",
    clock: 12,
  },
  {
    name: "Turkish, word before the time",
    headers: ["4.03.2024 ÖÖ 9:05 - ", "25.03.2024 ÖS 3:04 - "],
    times: ["2024-03-04T09:05:00", "2024-03-25T15:04:00"],
    order: "dmy",
    clock: 12,
  },
  {
    name: "Zulu day parts",
    headers: ["3/4/24, 9:05 ekuseni - ", "3/25/24, 8:04 ebusuku - "],
    times: ["2024-03-04T09:05:00", "2024-03-25T20:04:00"],
    order: "mdy",
    clock: 12,
  },
  {
    name: "en dash",
    headers: ["04/03/2024, 09:05 – ", "25/03/2024, 15:04 – "],
    times: ["2024-03-04T09:05:00", "2024-03-25T15:04:00"],
    order: "dmy",
  },
];

describe("openExport", () => {
  describe.each(dialects)("on $name", ({ headers, times, order, clock = 24, calendar = "gregorian" }) => {
    it.each(["\n", "\r\n"])("reads times, authors and bodies with line ends %j", async (lineEnd) => {
      const text = [
        `${headers[0]}Ann: good morning`,
        "second line",
        `${headers[1]}+44 7700 900123: later: yes`,
        "",
      ].join(lineEnd);
      const { survey, entries, summary } = await read(text);
      expect(shown(entries)).toEqual([
        `${times[0]} Ann: good morning\nsecond line`,
        `${times[1]} +44 7700 900123: later: yes`,
      ]);
      expect(survey).toMatchObject({
        order,
        clock,
        calendar,
        ambiguous: false,
        first: times[0],
        last: times[1],
        records: 2,
        lines: 3,
      });
      expect(summary).toMatchObject({
        messages: 2,
        system: 0,
        multiline: 1,
        authors: ["Ann", "+44 7700 900123"],
      });
      expect(Buffer.concat(entries.map(({ raw }) => raw)).toString()).toBe(text);
    });

    it("reads the first message behind a BOM", async () => {
      const { entries } = await read(`\ufeff${headers[0]}Ann: one\n${headers[1]}Ann: two\n`);
      expect(shown(entries)).toEqual([`${times[0]} Ann: one`, `${times[1]} Ann: two`]);
      expect(entries[0]).toMatchObject({ line: 1, offsetBytes: 0 });
    });
  });
});
