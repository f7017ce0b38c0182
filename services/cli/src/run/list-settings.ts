import type { ConfigShape } from "@daybook/runtime";
import type { z } from "zod";

/** A setting, for people. */
export interface Setting {
  readonly name: string;
  readonly means: string;
  readonly required: boolean;
}

/** Every setting of a shape. */
export function settingsIn(shape: ConfigShape): Setting[] {
  return Object.entries(shape as Readonly<Record<string, z.ZodType>>).map(([name, schema]) => ({
    name,
    means: schema.description ?? "",
    required: !schema.safeParse(undefined).success,
  }));
}

/** The same as text. */
export function listedSettings(shape: ConfigShape): string {
  const lines = settingsIn(shape).map(
    ({ name, means, required }) => `${required ? "*" : " "} ${name}\n    ${means}`,
  );
  return ["Settings, * required. NAME_FILE instead of NAME reads it from a file.", "", ...lines].join("\n");
}
