import type { PrimaryDevice } from "@signalapp/mock-server";
import type { MockSignal } from "./mock-signal.ts";

type Server = MockSignal["server"];

interface Insides {
  handlePreparedMultiDeviceMessage(
    source: unknown,
    target: string,
    prepared: { targets: readonly (readonly [unknown, { content: string }])[] },
  ): Promise<void>;
}

/** Which seal the copies have that a server hands to devices: for one alone, or for many at once. */
export function sealsOf(server: Server) {
  const insides = server as unknown as Insides;
  const handle = insides.handlePreparedMultiDeviceMessage.bind(server);
  const seen: { to: string; how: "one" | "all" | "open" }[] = [];
  insides.handlePreparedMultiDeviceMessage = (source, target, prepared) => {
    for (const [, { content }] of prepared.targets) {
      const version = (Buffer.from(content, "base64")[0] ?? 0) >> 4;
      seen.push({ to: target, how: source ? "open" : version === 2 ? "all" : "one" });
    }
    return handle(source, target, prepared);
  };
  return {
    of: ({ device }: PrimaryDevice) => seen.filter(({ to }) => to === device.aci).map(({ how }) => how),
    end() {
      insides.handlePreparedMultiDeviceMessage = handle;
    },
  };
}

/** Has a message for many at once get lost, or be kept though nobody hears of it. Gives what ends it. */
export function failing(server: Server, how: "lost" | "kept"): () => void {
  const insides = server as unknown as Insides;
  const handle = insides.handlePreparedMultiDeviceMessage.bind(server);
  insides.handlePreparedMultiDeviceMessage = async (source, target, prepared) => {
    if (how === "kept") await handle(source, target, prepared);
    throw new Error("broken by the test");
  };
  return () => {
    insides.handlePreparedMultiDeviceMessage = handle;
  };
}
