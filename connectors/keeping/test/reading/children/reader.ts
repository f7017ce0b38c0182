// A program of a reading process that does to itself what hostile input does.
import { serveReading } from "../../../src/reading/serve-reading.ts";

export type Deed =
  | { readonly what: "echo"; readonly value: unknown }
  | { readonly what: "environment" | "print" | "throw" | "fill" | "quit" | "busy" };

const kept: unknown[] = [];

serveReading((deed: Deed, tell: (answer: object) => void) => {
  switch (deed.what) {
    case "echo":
      return tell({ value: deed.value });
    case "environment":
      return tell({ names: Object.keys(process.env) });
    case "print":
      process.stdout.write("words of a message");
      process.stderr.write("words of a message");
      return tell({ printed: true });
    case "throw":
      throw new Error("words of a message");
    case "fill":
      // At once, so that V8 has no moment to warn anybody.
      for (;;) kept.push(new Array<number>(4_000_000).fill(1.5));
    case "quit":
      return process.exit(0);
    case "busy":
      tell({ pid: process.pid });
      for (;;);
  }
});
