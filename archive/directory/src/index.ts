export { type DirectoryStoresOptions, openDirectoryStores } from "./open.ts";
