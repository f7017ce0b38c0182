export { type CertificateSet, leadsTo, readCertificates } from "./chain.ts";
export { type TimestampQuery, timestampQuery } from "./query.ts";
export { openStamp, type Stamp } from "./stamp.ts";
export { MAX_STAMP_BYTES } from "./token.ts";
