export { IDENTITIES, type IdentityName, policyOf, type PolicyKind } from "./policies.ts";
