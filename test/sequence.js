import Sequencer from "@jest/test-sequencer";

/** What takes minutes is begun first, so that a run does not end with one worker at it; jest goes by the size of the files. */
const LONG = [
  "/test/fuzz/",
  "/test/faults/",
  "/test/rehearse/",
  "/test/deployment/",
  "/test/console/",
  "/test/e2e/",
  "/connectors/whatsapp-web/",
];

const rankOf = ({ path }) => {
  const rank = LONG.findIndex((folder) => path.includes(folder));
  return rank === -1 ? LONG.length : rank;
};

export default class LongFirst extends Sequencer {
  sort(tests) {
    return super.sort(tests).toSorted((a, b) => rankOf(a) - rankOf(b));
  }
}
