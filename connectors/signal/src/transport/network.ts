import {
  LIBSIGNAL_VERSION,
  Net,
  plain,
  type AuthenticatedChat,
  type UnauthenticatedChat,
} from "../libsignal.ts";
import { SignalError } from "../error.ts";
import { connectionFailure } from "./failure.ts";
import { fetchRemoteConfig } from "./remote-config.ts";
import type { NetworkOptions } from "./servers.ts";

/** A device's own name and password at the chat server. */
export interface Credentials {
  readonly aci: string;
  readonly deviceId: number;
  readonly password: string;
}

/** What arrives on an account's connection. */
export interface Incoming {
  /** @param acknowledge tells the server to forget it: only once it is durable */
  readonly onEnvelope: (envelope: Uint8Array<ArrayBuffer>, acknowledge: () => void) => void;
  /** Everything that had waited at the server has been handed over. */
  readonly onQueueEmpty: () => void;
  /** What the server warns of: `idle-primary-device`, say. */
  readonly onAlerts: (alerts: readonly string[]) => void;
  /** The connection ended; undefined after `disconnect`. Nothing comes after. */
  readonly onEnd: (why: SignalError | undefined) => void;
}

const CONFIG_MS = 6 * 3_600_000;
/** Ports that nothing of ours connects to. */
const UNUSED_PORT = 9;
/** What a test server takes no other way. To many at once it takes as Signal does, which is no part of this. */
const OVER_WEBSOCKET = new Map([
  ["grpc.MessagesSendMessage", "ws"],
  ["grpc.MessagesAnonymousSendSingleRecipientMessage", "ws"],
  ["grpc.AttachmentsGetUploadForm", "ws"],
]);

/** Connections to Signal's chat servers: one for everybody of a process. */
export class Network {
  readonly #net: Net.Net;
  readonly #overrides: ReadonlyMap<string, string>;
  #unauthenticated: Promise<UnauthenticatedChat> | undefined;
  #configuredAt = Number.NEGATIVE_INFINITY;

  constructor({ servers, userAgent }: NetworkOptions) {
    this.#overrides = servers.sendOver === "websocket" ? OVER_WEBSOCKET : new Map<string, string>();
    this.#net =
      servers.chat === "signal"
        ? new Net.Net({
            env: Net.Environment.Production,
            userAgent,
            buildVariant: Net.BuildVariant.Production,
          })
        : new Net.Net({
            localTestServer: true,
            userAgent,
            TESTING_localServer_chatPort: servers.chat.port,
            TESTING_localServer_cdsiPort: UNUSED_PORT,
            TESTING_localServer_svr2Port: UNUSED_PORT,
            TESTING_localServer_svrBPort: UNUSED_PORT,
            TESTING_localServer_rootCertificateDer: plain(servers.chat.rootCertificate),
            TESTING_localServer_httpVersion: 2,
          });
    this.#configure(new Map());
  }

  /**
   * Learns from the server what its library should do on connections that are made from now on: a few times a day, for all
   * accounts. Repeatable; where it fails, nothing changes.
   *
   * @throws {SignalError}
   */
  async followConfig(chat: AuthenticatedChat, now: Date): Promise<void> {
    if (now.getTime() - this.#configuredAt < CONFIG_MS) return;
    this.#configure(await fetchRemoteConfig(chat));
    this.#configuredAt = now.getTime();
  }

  #configure(settings: ReadonlyMap<string, string>): void {
    // Its typings list the names that it knows; it takes no notice of others.
    const all = new Map([...settings, ...this.#overrides]) as Parameters<Net.Net["setRemoteConfig"]>[0];
    this.#net.setRemoteConfig(all, Net.BuildVariant.Production);
  }

  /**
   * Connects as a device. The chat must be kept referenced: the library holds its listener only weakly.
   *
   * @throws {SignalError} see `connectionFailure`
   */
  async connect(
    { aci, deviceId, password }: Credentials,
    incoming: Incoming,
    signal: AbortSignal,
  ): Promise<AuthenticatedChat> {
    // The library panics over any other form.
    if (!/^[0-9a-f-]{36}$/.test(aci) || !Number.isSafeInteger(deviceId))
      throw new SignalError("account-unreadable", "an account's credentials cannot be read");
    try {
      const listener: Net.ChatServiceListener = {
        onIncomingMessage: (envelope, _timestamp, ack) => incoming.onEnvelope(envelope, () => ack.send(200)),
        onQueueEmpty: incoming.onQueueEmpty,
        onReceivedAlerts: incoming.onAlerts,
        onConnectionInterrupted: (cause) =>
          incoming.onEnd(cause === null ? undefined : connectionFailure(cause)),
      };
      const options = { abortSignal: signal };
      return (await this.#net.connectAuthenticatedChat(
        `${aci}.${deviceId}`,
        password,
        true,
        listener,
        options,
      )) as AuthenticatedChat;
    } catch (cause) {
      throw connectionFailure(cause);
    }
  }

  /** The connection on which nobody says who they are, shared by all. @throws {SignalError} */
  async unauthenticated(): Promise<UnauthenticatedChat> {
    const forget = () => {
      this.#unauthenticated = undefined;
    };
    this.#unauthenticated ??= this.#net
      .connectUnauthenticatedChat({ onConnectionInterrupted: forget })
      .then((chat) => chat as UnauthenticatedChat);
    try {
      return await this.#unauthenticated;
    } catch (cause) {
      forget();
      throw connectionFailure(cause);
    }
  }

  /** A connection on which a phone can be asked to link. @throws {SignalError} */
  async provisioning(
    listener: Net.ProvisioningConnectionListener,
    signal: AbortSignal,
  ): Promise<Net.ProvisioningConnection> {
    try {
      return await this.#net.connectProvisioning(listener, { abortSignal: signal });
    } catch (cause) {
      throw connectionFailure(cause);
    }
  }

  async close(): Promise<void> {
    const chat = await this.#unauthenticated?.catch(() => undefined);
    await chat?.disconnect();
  }
}

/** How the client names itself; the library adds its own name and version. */
export function userAgentOf(version: string): string {
  return `Daybook/${version}`;
}

/** What each record says read it. */
export const CONNECTOR = { name: "signal", version: `1+libsignal-${LIBSIGNAL_VERSION}` } as const;
