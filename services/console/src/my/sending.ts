/** How accounts are captured whose connectors can send, by network: nothing can be answered on others. */
export const SENDING: ReadonlyMap<string, readonly string[]> = new Map([
  ["whatsapp", ["linked-device", "business-api"]],
  ["signal", ["linked-device"]],
  ["sms", ["carrier"]],
  ["imessage", ["device-agent"]],
]);
