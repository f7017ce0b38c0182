import library from "whatsapp-web.js";
import type { Client as LibraryClient, ClientOptions } from "whatsapp-web.js";
import { pageScript } from "../page-script.ts";
import type { SessionSettings } from "./protocol.ts";

export type WebClient = LibraryClient;

/** The session's folder is ours: that of one who was logged out still has what was observed last. */
class KeptProfile extends library.LocalAuth {
  override logout = () => Promise.resolve();
}

/**
 * whatsapp-web.js, as Daybook uses it: the page watches from before WhatsApp's own code runs, nothing is ever sent, seen or
 * shown as present by itself, and Chromium ends with this process.
 */
export function createClient(settings: SessionSettings): WebClient {
  const options: ClientOptions = {
    webVersionCache: { type: "none" },
    authStrategy: new KeptProfile({ dataPath: settings.profile }),
    deviceName: settings.deviceName,
    userAgent: settings.userAgent,
    // A string is what the page gets; the library declares the function that it would be made from.
    evalOnNewDoc: pageScript() as unknown as () => void,
    authTimeoutMs: settings.loadMs,
    takeoverOnConflict: false,
    puppeteer: {
      headless: true,
      executablePath: settings.chromium,
      // Over a pipe: it closes with this process, and Chromium goes with it.
      pipe: true,
      handleSIGHUP: false,
      handleSIGINT: false,
      handleSIGTERM: false,
      args: [...settings.chromiumArgs],
    },
  };
  return new library.Client(options);
}
