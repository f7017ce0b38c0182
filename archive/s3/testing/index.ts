export { IDENTITIES, type IdentityName, minioPolicyOf, policyOf, type PolicyKind } from "./policies.ts";
