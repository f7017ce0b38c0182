import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pythonProgram } from "@daybook/lab";
import { z } from "zod";
import { SampleStage } from "../console/stage.ts";
import { runCommand } from "../e2e/support/daybook.ts";

const schemathesis = pythonProgram("schemathesis");
if (schemathesis === undefined)
  console.warn("schemathesis is missing (npm run lab -- --install): the fuzzing of the API is SKIPPED");

/** What would end the run, or what it stands on. */
const LEFT_OUT = "/rebuild$|/keys/restore$|/revoke$|/close$|/end(-all)?$|/fsck$|/verifications$";
/** Every run asks the same, unless it is told to ask for other and for more. */
const { DAYBOOK_FUZZ_SEED: SEED = "1", DAYBOOK_FUZZ_EXAMPLES: EXAMPLES = "2" } = process.env;
const MINUTES = 10;

const found = z.object({ results: z.array(z.object({ id: z.string() })).min(1) });

(schemathesis === undefined ? describe.skip : describe)("the API, asked by its own description", () => {
  const stage = new SampleStage();
  beforeAll(() => stage.start(), 180_000);
  afterAll(() => stage.close());

  it(
    "answers nothing with 5xx, and nothing that it does not describe",
    async () => {
      const { matter, url, dir } = stage;
      const { results } = await stage.api("records-officer").call("get", "/api/v1/search", {
        query: { q: "ferry", matter },
        response: found,
      });
      const settings = join(dir, "schemathesis.toml");
      await writeFile(
        settings,
        `[parameters]
"query.matter" = "${matter}"
[[operations]]
include-path-regex = "^/api/v1/records/"
parameters = { "path.id" = "${results[0]?.id ?? ""}" }
[[operations]]
include-path-regex = "^/api/v1/matters/"
parameters = { "path.id" = "${matter}" }
`,
      );
      const checks = "not_a_server_error,response_schema_conformance,content_type_conformance";
      const { code, stdout } = await runCommand(
        schemathesis!,
        [
          ...["--config-file", settings, "run", `${url}/api/v1/openapi.json`],
          ...["--header", `Authorization: Bearer ${await stage.owner()}`],
          ...["--checks", checks, "--phases", "coverage,fuzzing", "--mode", "all"],
          ...["--seed", SEED, "--max-examples", EXAMPLES, "--exclude-path-regex", LEFT_OUT],
          ...["--continue-on-failure", "--no-color"],
        ],
        { cwd: dir },
      );
      const tested = /Tested: (\d+)/.exec(stdout)?.[1];

      expect(code === 0 ? "" : stdout.slice(-8_000)).toBe("");
      expect(Number(tested)).toBeGreaterThan(60);
    },
    MINUTES * 60_000,
  );
});
