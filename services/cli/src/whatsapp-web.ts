import type { Live } from "@daybook/capture";
import type { Logger } from "@daybook/runtime";
import { findChromium, WebError, WhatsAppWeb, type WhatsAppWebOptions } from "@daybook/whatsapp-web";
import { CliError } from "./error.ts";

/**
 * Officials' own WhatsApp accounts, as capture runs them. They come by links.
 *
 * @throws {CliError} where there is no Chromium, with what to install
 */
export async function whatsappWebLive(
  of: Omit<WhatsAppWebOptions, "deviceName" | "log"> & { readonly log: Logger },
): Promise<Live> {
  await findChromium(of.chromium).catch((cause: unknown) => {
    if (!(cause instanceof WebError)) throw cause;
    throw new CliError(cause.message, { cause });
  });
  return {
    name: "whatsapp-web",
    accounts: [],
    links: { network: "whatsapp", method: "linked-device" },
    connect: () => new WhatsAppWeb({ ...of, deviceName: "Daybook" }),
  };
}
