export { SAFE_EXTENSIONS } from "./attachment-name.ts";
export { directorySink } from "./directory-sink.ts";
export * from "./error.ts";
export * from "./input.ts";
export { encodeReceipt, type Receipt } from "./receipt.ts";
export * from "./sink.ts";
export { writePackage } from "./write-package.ts";
export { zipSink } from "./zip-sink.ts";
