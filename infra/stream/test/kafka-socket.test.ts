import { wholeAnswers } from "../src/kafka/socket.ts";

const answer = (length: number, fill: number) => {
  const bytes = Buffer.alloc(4 + length, fill);
  bytes.writeInt32BE(length, 0);
  return bytes;
};
const refuse = () => {
  throw new Error("refused");
};

it("puts answers together, wherever they are cut into pieces", () => {
  const answers = [answer(4, 1), answer(5, 2), answer(70, 3)];
  const all = Buffer.concat(answers);
  for (let first = 0; first <= all.length; first += 1) {
    for (let second = first; second <= all.length; second += 1) {
      const got: Buffer[] = [];
      const take = wholeAnswers((one) => got.push(one), refuse);
      for (const piece of [all.subarray(0, first), all.subarray(first, second), all.subarray(second)])
        take(piece);
      expect(got.map((one) => one.toString("hex"))).toEqual(answers.map((one) => one.toString("hex")));
    }
  }
});

it("hands on nothing of an answer that is not whole", () => {
  const got: Buffer[] = [];
  wholeAnswers((one) => got.push(one), refuse)(answer(100, 1).subarray(0, 103));
  expect(got).toEqual([]);
});

it.each([-1, 0, 3])("refuses an answer of %i bytes", (length) => {
  const head = Buffer.alloc(4);
  head.writeInt32BE(length);
  expect(() => wholeAnswers(() => undefined, refuse)(head)).toThrow("refused");
});
