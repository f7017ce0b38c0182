// An official number's connector as a process of its own, as `daybook up` runs it: capture's own sink over a stream that is
// durable, in the directory of its first argument, bound to the SMSC at the port of its second.
import { Sms } from "@daybook/sms";
import { settings } from "../../../connectors/sms/test/support/settings.ts";
import { durableSink } from "../durable-sink.ts";

const [dir = "", port] = process.argv.slice(2);
// As it is unless set: the tests are in more haste.
await new Sms(settings(dir, Number(port), { settleMs: 1_000 })).run(
  await durableSink(dir),
  new AbortController().signal,
);
