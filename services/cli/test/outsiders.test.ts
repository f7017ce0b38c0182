import { cosigner } from "@daybook/archive-core/testing";
import { outsidersOf } from "../src/up/outsiders.ts";

const { vkey } = cosigner("witness.example", Buffer.alloc(32, 2));
const url = "https://witness.example/";

describe("who is to witness and stamp the logs", () => {
  it("is nobody, unless named", async () => {
    expect(await outsidersOf({})).toBeUndefined();
  });

  it("is every witness that is named, all of whom are needed, and the authority", async () => {
    expect(await outsidersOf({ witness: [`${vkey} ${url}`], tsa: "http://tsa.example" })).toEqual({
      witnesses: [{ vkey, url }],
      quorum: 1,
      tsa: { url: "http://tsa.example" },
    });
    expect(await outsidersOf({ tsa: "http://tsa.example" })).toMatchObject({ witnesses: [], quorum: 0 });
  });

  it.each([
    ["a witness without its address", { witness: [vkey] }],
    ["a witness with more", { witness: [`${vkey} ${url} x`] }],
    ["a key that is none", { witness: [`x ${url}`] }],
    ["an address that is none", { witness: [`${vkey} witness.example`] }],
    ["a quorum of nobody", { quorum: 1 }],
    ["a quorum of more than there are", { witness: [`${vkey} ${url}`], quorum: 2 }],
    ["certificates of nobody", { tsaCa: "ca.pem" }],
    ["certificates that are not there", { tsa: "http://tsa.example", tsaCa: "/nonexistent.pem" }],
  ])("is refused with %s", async (_, options) => {
    await expect(outsidersOf(options)).rejects.toThrow();
  });
});
