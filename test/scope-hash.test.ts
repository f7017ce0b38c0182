import { network } from "@daybook/contract";
import { codePoint } from "@daybook/contract/testing";
import fc from "fast-check";
import { Scope, scopeHash as hashOfCapture } from "../services/capture/src/scope.ts";
import { scopeHash as hashOfRecords } from "../services/records/src/scope.ts";

// Services do not import one another, so each has its own: were they to part, rules would leave nothing out.
const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
const networks = fc.constantFrom(...network.options);
const name = fc.oneof(fc.string({ unit: codePoint }), fc.string({ unit: "grapheme" }), fc.string());

describe("the hash by which a scope rule names a conversation", () => {
  it("is the same in the service that keeps rules and in the one that applies them", () => {
    fc.assert(
      fc.property(key, networks, name, (key, network, conversation) => {
        expect(hashOfCapture(key, network, conversation)).toBe(hashOfRecords(key, network, conversation));
      }),
    );
  });

  it("makes capture leave out what a rule of records names, by title or id, and nothing of another", () => {
    fc.assert(
      fc.property(key, networks, name, name, name, (key, network, id, title, other) => {
        fc.pre(other !== id && other !== title);
        const judged = (conversation: string) => {
          const rule = {
            id: "r",
            effect: "exclude" as const,
            network,
            conversation: hashOfRecords(key, network, conversation),
          };
          const about = { account: "a", network, conversation: { id, title, kind: "direct" as const } };
          return new Scope({ version: 1, rules: [rule] }, key).excludedBy(about, new Date(0));
        };
        expect([judged(title), judged(id), judged(other)]).toEqual(["r", "r", undefined]);
      }),
    );
  });

  it("differs by key, network and conversation", () => {
    const hash = hashOfRecords(Buffer.alloc(32, 1), "whatsapp", "Office");

    expect(hash).toMatch(/^[0-9a-f]{32}$/);
    expect(hashOfRecords(Buffer.alloc(32, 2), "whatsapp", "Office")).not.toBe(hash);
    expect(hashOfRecords(Buffer.alloc(32, 1), "signal", "Office")).not.toBe(hash);
    expect(hashOfRecords(Buffer.alloc(32, 1), "whatsapp", "office")).not.toBe(hash);
  });
});
