import type { Live } from "@daybook/capture";
import type { Home } from "@daybook/compose";
import type { Logger } from "@daybook/runtime";
import { CliError } from "../error.ts";
import { withBlueBubbles } from "./bluebubbles.ts";
import type { Keys } from "./keys.ts";
import { withEmail } from "./email.ts";
import { withImap } from "./imap.ts";
import { withSignal } from "./signal.ts";
import { withSms } from "./sms.ts";
import { withWhatsappBusiness } from "./whatsapp-business.ts";
import { withWhatsAppWeb } from "./whatsapp-web.ts";

/** Which networks a home captures, besides imports. */
export interface ConnectorsGiven {
  /** File that says where Signal's servers are: Signal is captured then. */
  readonly signalServers?: string;
  /** Officials' own WhatsApp accounts are captured. */
  readonly whatsappWeb?: boolean;
  /** Chromium, and more of its arguments. */
  readonly chromium?: string;
  readonly chromiumArg?: readonly string[];
  /** WhatsApp accounts that may send. */
  readonly whatsappRelay?: readonly string[];
  /** File that says which official WhatsApp numbers are captured, and what Meta gave for them. */
  readonly whatsappBusiness?: string;
  /** File that says which official numbers' text messages are captured, and what their aggregator gave. */
  readonly sms?: string;
  /** File that says whose mail is captured by its journal, and who sends that. */
  readonly email?: string;
  /** File that says which mailboxes are read by IMAP, whose, and what they open with. */
  readonly imap?: string;
  /** File that says where a Mac's BlueBubbles is, and whose: its iMessages are captured. */
  readonly bluebubbles?: string;
}

/**
 * The connectors of a home, and its keys with theirs.
 *
 * @param host where those listen that others come to
 * @throws {CliError} for what cannot be captured so
 */
export async function connectorsOf(
  given: ConnectorsGiven & { readonly host: string },
  home: Home,
  opened: Keys,
  log: (name: string) => Logger,
): Promise<{ keys: Keys; live: readonly Live[] }> {
  let keys = opened;
  const live: Live[] = [];
  const take = (one: { keys: Keys; live: Live | readonly Live[] }) => {
    keys = one.keys;
    live.push(...[one.live].flat());
  };
  const { signalServers, whatsappBusiness, sms, email, imap, bluebubbles } = given;
  if (!given.whatsappWeb && (given.chromium ?? given.chromiumArg ?? given.whatsappRelay) !== undefined)
    throw new CliError(
      "--chromium, --chromium-arg and --whatsapp-relay are of use with --whatsapp-web alone",
      {
        exitCode: 2,
      },
    );
  if (signalServers !== undefined)
    take(await withSignal(home, keys, { file: signalServers, log: log("signal") }));
  if (given.whatsappWeb)
    take(
      await withWhatsAppWeb(home, keys, {
        chromium: given.chromium,
        chromiumArgs: given.chromiumArg ?? [],
        relay: given.whatsappRelay ?? [],
        log: log("whatsapp-web"),
      }),
    );
  if (whatsappBusiness !== undefined)
    take(
      await withWhatsappBusiness(home, keys, {
        file: whatsappBusiness,
        host: given.host,
        log: log("whatsapp-business"),
      }),
    );
  if (sms !== undefined) take(await withSms(home, keys, { file: sms, host: given.host, log: log("sms") }));
  if (email !== undefined)
    take(await withEmail(home, keys, { file: email, host: given.host, log: log("email") }));
  if (imap !== undefined) take(await withImap(home, keys, { file: imap, log: log("imap") }));
  if (bluebubbles !== undefined)
    take(await withBlueBubbles(home, keys, { file: bluebubbles, host: given.host, log: log("bluebubbles") }));
  return { keys, live };
}
