export { witnessedKey } from "./attested-files.ts";
export * from "./error.ts";
export type { TsaAddress, WitnessAddress, WitnessingOptions } from "./options.ts";
export { type Attestations, attestations } from "./routes.ts";
export { checkOutsiders, type OutsiderSettings, runWitnessing } from "./run-witnessing.ts";
