import { connect as connectPlain, isIP, type Socket } from "node:net";
import { connect as connectSecure } from "node:tls";

const KEEP_ALIVE_MS = 60_000;
const LENGTH_BYTES = 4;

/** What kafkajs asks of a maker of sockets. */
export interface SocketOrder {
  readonly host: string;
  readonly port: number;
  readonly ssl?: object;
  readonly onConnect: () => void;
}

/**
 * A socket that hands its listeners whole answers. kafkajs keeps what it was given of an answer that was cut off, and
 * reads the next connection's answers as if they went on from there.
 */
export function openSocket({ host, port, ssl, onConnect }: SocketOrder): Socket {
  const name = isIP(host) ? {} : { servername: host };
  const socket = ssl
    ? connectSecure({ host, port, ...name, ...ssl }, onConnect)
    : connectPlain({ host, port }, onConnect);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  const on = socket.on.bind(socket) as (event: string, listener: (...args: never[]) => void) => Socket;
  socket.on = ((event: string, listener: (bytes: Buffer) => void) => {
    if (event !== "data") return on(event, listener);
    const refuse = () => void socket.destroy(new Error("the broker's answer has no length"));
    return on(event, wholeAnswers(listener, refuse));
  }) as typeof socket.on;
  return socket;
}

/**
 * Puts together what comes in pieces: a length of 4 bytes, big-endian, and so many more.
 *
 * @param use called with each whole answer, its length included
 * @param refuse called when a length is impossible; nothing is to follow then
 */
export function wholeAnswers(use: (answer: Buffer) => void, refuse: () => void): (bytes: Buffer) => void {
  let held: Buffer[] = [];
  let heldBytes = 0;
  let needed = LENGTH_BYTES;
  return (bytes) => {
    held.push(bytes);
    heldBytes += bytes.length;
    while (heldBytes >= needed) {
      const all = held.length === 1 ? bytes : Buffer.concat(held);
      const length = all.readInt32BE(0);
      // Each answer begins with the number of its question.
      if (length < LENGTH_BYTES) return refuse();
      needed = LENGTH_BYTES + length;
      held = [all];
      if (heldBytes < needed) return;
      const rest = all.subarray(needed);
      use(all.subarray(0, needed));
      held = [];
      heldBytes = rest.length;
      needed = LENGTH_BYTES;
      bytes = rest;
      if (rest.length > 0) held.push(rest);
    }
  };
}
