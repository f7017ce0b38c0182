// Captures as `capturer.ts` does, and dies of SIGKILL at one moment of its first message: `before-commit`, when it is
// decrypted and nothing is durable, or `after-commit`, when it is durable and Signal does not know.
import { AccountFile } from "../../src/store/account-file.ts";
import type { Changes } from "../../src/store/changes.ts";

const moment = process.argv[5];
const die = () => process.kill(process.pid, "SIGKILL");
// eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
const { commit } = AccountFile.prototype;
AccountFile.prototype.commit = function (changes: Changes, now: number) {
  const isMessage = changes.entries.some(({ what }) => what === "content");
  if (isMessage && moment === "before-commit") die();
  commit.call(this, changes, now);
  if (isMessage && moment === "after-commit") die();
};
await import("./capturer.ts");
