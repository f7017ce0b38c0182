import { readFile } from "node:fs/promises";
import { openS3Stores } from "@daybook/s3";

// Reads an object that is not there, and prints what became of it: `read.ts ENDPOINT CA-FILE`.
const [endpoint = "", ca = ""] = process.argv.slice(2);
const { records } = openS3Stores({
  endpoint,
  region: "us-east-1",
  credentials: { accessKeyId: "anybody", secretAccessKey: "anything" },
  ca: await readFile(ca, "utf8"),
  buckets: { records: "records", heads: "heads", keyring: "keyring" },
});
await records.get("a").catch((error: unknown) => console.log(String(error)));
