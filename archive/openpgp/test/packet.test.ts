import { newSessionKey, openPacket, sealPacket } from "@daybook/openpgp";

describe("sealPacket", () => {
  it("makes what openPacket opens", () => {
    const key = newSessionKey();
    expect(openPacket(sealPacket(Buffer.from("text"), key), key).toString()).toBe("text");
  });
});
