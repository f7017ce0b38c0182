import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cachedProgram, type S3Engine, startMinio, startVersitygw } from "@daybook/lab";

describe.each([
  { name: "versitygw", start: startVersitygw },
  { name: "minio", start: startMinio },
])("$name in the lab", ({ name, start }) => {
  const isBuilt = cachedProgram(name) !== undefined;
  if (!isBuilt) console.warn(`${name} is not built (npm run lab -- --install): its tests are SKIPPED`);
  let dir: string;
  let engine: S3Engine | undefined;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "lab-s3-"));
  });
  afterEach(async () => {
    await engine?.stop();
    await rm(dir, { recursive: true });
  });

  (isBuilt ? it : it.skip)(
    "starts, answers only to who signs, and ends, again on the same port",
    async () => {
      engine = (await start({ dir }))!;
      const { endpoint } = engine;
      await expect(fetch(endpoint)).resolves.toMatchObject({ status: 403 });
      await engine.stop();
      await expect(fetch(endpoint)).rejects.toThrow("fetch failed");

      engine = (await start({ dir, port: Number(new URL(endpoint).port) }))!;
      expect(engine.endpoint).toBe(endpoint);
      await engine.stop();
      await engine.stop();
    },
  );
});
