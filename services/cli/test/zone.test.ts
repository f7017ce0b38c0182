import { readConfig } from "@daybook/runtime";
import { ZONE } from "../src/run/zone.ts";

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
