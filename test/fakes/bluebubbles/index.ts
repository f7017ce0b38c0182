export { BlueBubblesServer, type Fault, type Posting, type Sending } from "./server.ts";
