// A thread of a reading process: ends the process once whoever started it is gone, whatever its own thread is busy with.
import { workerData } from "node:worker_threads";

const LOOK_MS = 1_000;

setInterval(() => {
  if (process.ppid !== workerData) process.kill(process.pid, "SIGKILL");
}, LOOK_MS);
