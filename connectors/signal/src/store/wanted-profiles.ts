import type { AccountFile } from "./account-file.ts";
import type { Values } from "./changes.ts";

/** Somebody's profile is to be fetched: their key is new, or they said that it changed. Durable with what said so. */
export function wantProfile(values: Pick<Values, "set">, serviceId: string): void {
  values.set("profile-wanted", serviceId, Buffer.from(serviceId));
}

export function profileTaken(values: Pick<Values, "set">, serviceId: string): void {
  values.set("profile-wanted", serviceId, undefined);
}

/** All whose profiles are wanted now. */
export function wantedProfiles(file: Pick<AccountFile, "all">): string[] {
  return [...file.all("profile-wanted")].map((value) => Buffer.from(value).toString("utf8"));
}
