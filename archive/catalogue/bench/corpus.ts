import type { ArchiveRecord } from "@daybook/archive-core";

/** A small generator of numbers from 0 to 1, the same for the same seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const VOCABULARY = 30_000;
const CONVERSATIONS = 20_000;
const PARTICIPANTS = 2_000;
const CUSTODIANS = 200;

/** Share of all words up to each rank: Zipf-Mandelbrot. */
const shares: number[] = [];
for (let rank = 0, sum = 0; rank < VOCABULARY; rank += 1) {
  sum += 1 / (rank + 1 + 2.7);
  shares.push(sum);
}
const whole = shares.at(-1) ?? 1;

/** The word of a rank, from 0, the commonest: made-up syllables, so that common prefixes exist. */
export function word(rank: number): string {
  const syllables = ["ba", "re", "mi", "to", "lu", "ne", "sha", "ko", "pi", "du"];
  let text = "";
  for (let rest = rank + 10; rest > 0; rest = Math.floor(rest / 10)) text += syllables[rest % 10] ?? "";
  return text;
}

function rankAt(share: number): number {
  let low = 0;
  let high = VOCABULARY - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((shares[middle] ?? 0) < share * whole) low = middle + 1;
    else high = middle;
  }
  return low;
}

const party = (n: number) => ({ id: `party-${n}`, name: `Party ${n}` });

/** Message `i` of a made-up department: 5 to 40 words, 20,000 conversations, 63 s apart. */
export function message(i: number): ArchiveRecord {
  const next = random(Math.imul(i, 2_654_435_761) ^ 0x9e3779b9);
  const conversation = Math.floor(CONVERSATIONS * next() ** 1.8);
  const words = Array.from({ length: 5 + Math.floor(next() * 36) }, () => word(rankAt(next())));
  const sender = (conversation * 7 + Math.floor(next() * 3)) % PARTICIPANTS;
  const sentAt = new Date(Date.UTC(2024, 0, 1) + i * 63_072 + Math.floor(next() * 60_000)).toISOString();
  return {
    v: 1,
    kind: "message",
    network: conversation % 3 === 0 ? "signal" : "whatsapp",
    method: "linked-device",
    provenance: "captured",
    account: `account-${conversation % CUSTODIANS}`,
    custodian: {
      id: `custodian-${conversation % CUSTODIANS}`,
      name: `Custodian ${conversation % CUSTODIANS}`,
    },
    conversation: {
      id: `conversation-${conversation}`,
      title: `Conversation ${conversation}`,
      kind: "group",
    },
    sender: party(sender),
    recipients: Array.from({ length: 1 + (conversation % 4) }, (_, n) =>
      party((conversation * 7 + 3 + n) % PARTICIPANTS),
    ),
    sentAt,
    capturedAt: sentAt,
    networkId: `network-${i}`,
    text: words.join(" "),
    raw: "",
    connector: { name: "bench", version: "1" },
    id: Buffer.from(`${Math.floor(next() * 2 ** 32)}/${i}`.padStart(24, "-"))
      .toString("hex")
      .slice(-32),
    salt: "00".repeat(32),
  };
}
