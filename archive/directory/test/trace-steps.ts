// Does one operation and prints its file operations in order, as JSON.
import { instrument } from "./instrument.ts";
import { OPERATIONS, openStores } from "./operations.ts";

const [home, name] = process.argv.slice(2) as [string, string];
const operation = OPERATIONS.find((o) => o.name === name)!;
const stores = await openStores(home);
await operation.prepare(stores);
const steps: { operation: string; path: string }[] = [];
await instrument((operation, path) => void steps.push({ operation, path }));
await operation.act(stores);
process.stdout.write(JSON.stringify(steps));
