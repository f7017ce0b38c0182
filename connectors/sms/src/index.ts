export { androidSmsReader } from "./agent/android-reader.ts";
export { importBackup } from "./backup/import-backup.ts";
export * from "./canary/index.ts";
export type { CdrSettings } from "./cdr/options.ts";
export * from "./options.ts";
export { DEFAULT_ALPHABETS, type DefaultAlphabet } from "./reading/alphabet.ts";
export * from "./sms.ts";
export * from "./webhook/index.ts";
