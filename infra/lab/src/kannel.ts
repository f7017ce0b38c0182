import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Engine, startEngine } from "./engine.ts";
import { freePorts, isTaken } from "./free-port.ts";

/** Debian's. */
const BEARERBOX = "/usr/sbin/bearerbox";
const SMSBOX = "/usr/sbin/smsbox";

/** A text for Kannel to send. */
export interface KannelText {
  readonly from: string;
  readonly to: string;
  readonly text: string;
  /** It is written in UTF-16, not in GSM's alphabet. */
  readonly isUnicode?: boolean;
  /** Receipts are asked for. */
  readonly hasReceipts?: boolean;
}

/** A Kannel that runs: an SMS gateway, bound to an SMSC as one of its clients. */
export interface Kannel extends Engine {
  /** Resolves once it took it: it splits what is too long. @throws {Error} for what it does not take */
  send(text: KannelText): Promise<void>;
}

/** Whether this machine has it. */
export function hasKannel(): boolean {
  return existsSync(BEARERBOX) && existsSync(SMSBOX);
}

/**
 * Starts Kannel's two processes on 127.0.0.1, bound as a transceiver.
 *
 * @param options.dir for its files; made when it is not there
 * @returns undefined where it is not installed
 * @throws {Error} when it does not start, with the end of its log
 */
export async function startKannel(options: {
  readonly dir: string;
  readonly smsc: { readonly port: number; readonly systemId: string; readonly password: string };
}): Promise<Kannel | undefined> {
  if (!hasKannel()) return undefined;
  const { dir, smsc } = options;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const [admin = 0, boxes = 0, sending = 0] = await freePorts(3);
  const file = join(dir, "kannel.conf");
  await writeFile(file, settings({ ...smsc, admin, boxes, sending }));
  const start = (program: string, name: string, port: number) =>
    startEngine({
      ...{ name, program, args: ["-v", "4", file], cwd: dir },
      ...{ log: join(dir, `${name}.log`), ready: () => isTaken(port) },
    });
  const bearer = await start(BEARERBOX, "bearerbox", boxes);
  try {
    const box = await start(SMSBOX, "smsbox", sending);
    return {
      ...bearer,
      async send({ from, to, text, isUnicode = false, hasReceipts = false }) {
        const query = new URLSearchParams({
          ...{ username: "lab", password: "lab", from, to, text, charset: "UTF-8" },
          ...(isUnicode && { coding: "2" }),
          // Delivered, or not.
          ...(hasReceipts && { "dlr-mask": "3" }),
        });
        const answer = await fetch(`http://127.0.0.1:${sending}/cgi-bin/sendsms?${query.toString()}`);
        if (answer.status !== 202) throw new Error(`Kannel answered ${answer.status}`);
      },
      async stop(signal) {
        await box.stop(signal);
        await bearer.stop(signal);
      },
    };
  } catch (error) {
    await bearer.stop("SIGKILL");
    throw error;
  }
}

interface Ports {
  readonly admin: number;
  readonly boxes: number;
  readonly sending: number;
}

function settings(of: Ports & { port: number; systemId: string; password: string }): string {
  const groups: Readonly<Record<string, string | number>>[] = [
    {
      group: "core",
      "admin-port": of.admin,
      "admin-interface": "127.0.0.1",
      "admin-password": "lab",
      "smsbox-port": of.boxes,
      "smsbox-interface": "127.0.0.1",
      "box-allow-ip": "127.0.0.1",
    },
    {
      group: "smsc",
      smsc: "smpp",
      "smsc-id": "upstream",
      host: "127.0.0.1",
      port: of.port,
      "smsc-username": of.systemId,
      "smsc-password": of.password,
      "system-type": '""',
      "transceiver-mode": "true",
      "reconnect-delay": 1,
    },
    {
      group: "smsbox",
      "bearerbox-host": "127.0.0.1",
      "bearerbox-port": of.boxes,
      "sendsms-port": of.sending,
      "sendsms-interface": "127.0.0.1",
    },
    { group: "sendsms-user", username: "lab", password: "lab", concatenation: "true", "max-messages": 10 },
    // What comes in is answered with nothing.
    { group: "sms-service", keyword: "default", text: '""', "max-messages": 0, "catch-all": "true" },
  ];
  return groups
    .map((group) =>
      Object.entries(group)
        .map(([key, value]) => `${key} = ${value}\n`)
        .join(""),
    )
    .join("\n");
}
