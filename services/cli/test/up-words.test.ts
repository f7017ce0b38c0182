import { ready } from "../src/up/words.ts";

const AT = {
  ...{ url: "http://127.0.0.1:4480", signIn: "http://localhost:4480", operations: "http://127.0.0.1:4481" },
  ...{ home: "/home/ann/.daybook", sample: false, vkeys: ["a", "b"] },
};

it("says where the log is, what is captured, and what tells how that stands", () => {
  const words = ready({ ...AT, captures: ["sms", "imap"] }, "nobody");
  expect(words).toContain("  log         /home/ann/.daybook/logs/daybook.log\n");
  expect(words).toContain("  captures    sms, imap (how each link stands: daybook link list)\n");
  expect(ready({ ...AT, captures: [] }, "nobody")).not.toContain("captures");
});
