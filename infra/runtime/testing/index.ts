export * from "./describe-rights.ts";
