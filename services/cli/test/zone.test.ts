import { readConfig } from "@daybook/runtime";
import { quietHours, ZONE } from "../src/run/zone.ts";

describe("where a body is", () => {
  it.each([
    [{}, "Europe/London"],
    [{ DAYBOOK_ZONE: "" }, "Europe/London"],
    [{ DAYBOOK_ZONE: "America/Argentina/Buenos_Aires" }, "America/Argentina/Buenos_Aires"],
    [{ DAYBOOK_ZONE: "UTC" }, "UTC"],
  ])("is read: %j", (env, zone) => {
    expect(readConfig(ZONE, env)).toEqual({ DAYBOOK_ZONE: zone });
  });

  it.each(["Europe/Lundon", "+01:00", "London", "GMT+1", "Europe/London\n", "../etc/passwd"])(
    "is refused before anything opens: %j",
    (zone) => {
      expect(() => readConfig(ZONE, { DAYBOOK_ZONE: zone })).toThrow(
        /DAYBOOK_ZONE: must be a time zone of the IANA database, such as Europe\/London/,
      );
    },
  );
});

describe("hours in which no text message is sent", () => {
  it("have a beginning, an end and a place", () => {
    expect(quietHours.parse("21:00-08:00 Europe/London")).toEqual({
      ...{ from: "21:00", until: "08:00", zone: "Europe/London" },
    });
  });

  it.each(["21-8 Europe/London", "21:00-08:00", "21:00-24:00 UTC", "21:00-21:00 UTC", "21:00-08:00 +01:00"])(
    "are not %j",
    (text) => {
      expect(quietHours.safeParse(text).success).toBe(false);
    },
  );
});
