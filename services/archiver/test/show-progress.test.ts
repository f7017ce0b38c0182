import { Metrics } from "@daybook/runtime";
import { ArchiverProgress } from "../src/index.ts";
import { showProgress } from "../src/show-progress.ts";

it("shows what was counted once, however often it is read, and the size of what this archiver has", () => {
  const progress = new ArchiverProgress(["0", "audit"]);
  const metrics = new Metrics();
  showProgress(progress, metrics);
  const reporter = progress.reporter("0");
  reporter.own(true);
  reporter.start(5, 7, undefined, () => undefined);
  reporter.count("parked");
  reporter.count("duplicates", 3);
  metrics.render();
  reporter.count("parked");

  const text = metrics.render();
  for (const line of [
    'daybook_archiver_parked_total{shard="0"} 2',
    'daybook_archiver_duplicates_total{shard="0"} 3',
    'daybook_archiver_gaps_total{shard="0"} 0',
    'daybook_archiver_records{shard="0"} 7',
    'daybook_archiver_records{shard="audit"} 0',
  ])
    expect(text.split("\n")).toContain(line);
});
