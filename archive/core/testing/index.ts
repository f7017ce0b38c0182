export { type Cosigner, cosigner } from "./cosigner.ts";
export { describeLockedStore, type LockedStoreUnderTest } from "./describe-locked-store.ts";
export { describeMutableStore, type MutableStoreUnderTest } from "./describe-mutable-store.ts";
export {
  type Fault,
  type Hook,
  type LockedOperation,
  MemoryLockedStore,
  MemoryMutableStore,
  type MemoryStores,
  memoryStores,
  type MutableOperation,
} from "./memory-stores.ts";
