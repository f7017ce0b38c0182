// What a PostgreSQL that is run in another way than a home's is made of: the lab's, which listens on TCP.
export { type Account, chooseAccounts } from "./account.ts";
export { installedBinaries, usableBinaries } from "./binaries.ts";
export { createCluster, passDirectory, SUPERUSER } from "./cluster.ts";
export { createLauncher } from "./launch.ts";
export { scramVerifier } from "./scram.ts";
export { makeSocketDirectory } from "./sockets.ts";
