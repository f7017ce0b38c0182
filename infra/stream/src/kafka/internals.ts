import { createRequire } from "node:module";
import type { Socket } from "node:net";
import { Kafka, type KafkaConfig, logLevel } from "kafkajs";
import type { KafkaStreamSettings } from "./options.ts";
import { openSocket, type SocketOrder } from "./socket.ts";

// kafkajs 2.2.4 has no public way to fetch a partition from an offset without a consumer group (0010). These are its
// own parts below that; the version is pinned, and nothing outside this file knows them.
const require = createRequire(import.meta.url);
const Cluster = require("kafkajs/src/cluster/index.js") as new (options: object) => Cluster;
const Encoder = require("kafkajs/src/protocol/encoder.js") as new () => {
  writeBuffer(bytes: Buffer): unknown;
};

// It looks again in -1,795,000,000,000 ms, which Node warns of and makes 1 ms, when nothing is waiting to be sent.
interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests: (this: RequestQueue) => void;
}
const { prototype: queue } = require("kafkajs/src/network/requestQueue/index.js") as {
  prototype: RequestQueue;
};
const { scheduleCheckPendingRequests: schedule } = queue;
queue.scheduleCheckPendingRequests = function () {
  if (this.pending.length > 0) schedule.call(this);
};

/** Which coordinator is meant, in Kafka's protocol. */
const OF_GROUPS = 0;

/** A message as it was fetched. */
export interface FetchedMessage {
  readonly offset: string;
  readonly value: Buffer | null;
  readonly isControlRecord: boolean;
}

/** A connection's worth of requests to one broker. */
export interface Broker {
  fetch(request: {
    isolationLevel: number;
    maxWaitTime: number;
    minBytes: number;
    maxBytes: number;
    topics: readonly {
      topic: string;
      partitions: readonly { partition: number; fetchOffset: string; maxBytes: number }[];
    }[];
  }): Promise<{
    responses: readonly { partitions: readonly { messages: readonly FetchedMessage[] }[] }[];
  }>;
  findGroupCoordinator(of: { groupId: string; coordinatorType: number }): Promise<unknown>;
  readonly connectionPool: { send(of: object): Promise<unknown> };
}

/** What a broker that coordinates a group answers to. */
export interface Coordinator {
  joinGroup(request: {
    groupId: string;
    sessionTimeout: number;
    rebalanceTimeout: number;
    memberId: string;
    groupProtocols: readonly { name: string; metadata: Buffer }[];
  }): Promise<{
    generationId: number;
    leaderId: string;
    memberId: string;
    /** Of the leader alone. */
    members: readonly { memberId: string; memberMetadata: Buffer }[];
  }>;
  syncGroup(request: {
    groupId: string;
    generationId: number;
    memberId: string;
    groupAssignment: readonly { memberId: string; memberAssignment: Buffer }[];
  }): Promise<{ memberAssignment: Buffer }>;
  heartbeat(request: { groupId: string; groupGenerationId: number; memberId: string }): Promise<unknown>;
  leaveGroup(request: { groupId: string; memberId: string }): Promise<unknown>;
}

interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addTargetTopic(topic: string): Promise<void>;
  refreshMetadata(): Promise<void>;
  findLeaderForPartitions(topic: string, partitions: readonly number[]): Record<string, number[]>;
  findBroker(of: { nodeId: string }): Promise<Broker>;
  findControllerBroker(): Promise<Broker>;
  findGroupCoordinator(of: { groupId: string }): Promise<Coordinator>;
}

/** A client that never repeats by itself (`persist` does) and logs nothing: its errors come to the caller. */
export function clientOf(settings: Connection): Kafka {
  return new Kafka(configOf(settings));
}

type Connection = Pick<KafkaStreamSettings, "brokers" | "ssl" | "sasl" | "clientId" | "requestTimeoutMs">;

function configOf({ brokers, ssl, sasl, clientId, requestTimeoutMs }: Connection): KafkaConfig {
  return {
    brokers: [...brokers],
    clientId,
    ...(ssl && { ssl }),
    ...(sasl && { sasl: saslOf(sasl) }),
    requestTimeout: requestTimeoutMs,
    connectionTimeout: Math.min(requestTimeoutMs, 5_000),
    authenticationTimeout: requestTimeoutMs,
    retry: { retries: 0 },
    socketFactory: openSocket,
    logLevel: logLevel.NOTHING,
  };
}

/** Asks something that kafkajs has no words for. @param body what follows the request's common head */
export function askBroker(
  broker: Broker,
  of: { apiKey: number; apiVersion: number; apiName: string; body: Buffer },
): Promise<Buffer> {
  const { body, ...request } = of;
  return broker.connectionPool.send({
    request: { ...request, encode: () => Promise.resolve(new Encoder().writeBuffer(body)) },
    response: {
      decode: (answer: Buffer) => Promise.resolve({ answer }),
      parse: ({ answer }: { answer: Buffer }) => Promise.resolve(answer),
    },
  }) as Promise<Buffer>;
}

// kafkajs keeps what it made of the password in the object that it is given: one of its own, then.
function saslOf({ mechanism, username, password }: NonNullable<KafkaStreamSettings["sasl"]>) {
  return { mechanism, username, password };
}

/** Connections of one reader's own: a fetch that waits holds up whatever else is asked on its connection. */
export interface Line {
  /** Whether a connection of it was closed, by whomever: who answers since may be another. */
  readonly isCut: boolean;
  /** The broker that leads the partition, connected. */
  leader(topic: string, partition: number): Promise<Broker>;
  controller(): Promise<Broker>;
  coordinator(groupId: string): Promise<Coordinator>;
  /** Closes the connections at once; what is asked on them fails. May be repeated. */
  close(): Promise<void>;
}

/** Makes a line; it connects when it is first used. */
export function openLine(settings: Connection): Line {
  const sockets = new Set<Socket>();
  let isCut = false;
  const cluster = new Cluster({
    ...configOf(settings),
    logger: clientOf(settings).logger(),
    metadataMaxAge: 60_000,
    allowAutoTopicCreation: false,
    enforceRequestTimeout: true,
    isolationLevel: 0,
    socketFactory: (order: SocketOrder) => {
      const socket = openSocket(order);
      sockets.add(socket);
      return socket.once("close", () => {
        sockets.delete(socket);
        isCut = true;
      });
    },
  });
  return {
    get isCut() {
      return isCut;
    },
    async leader(topic, partition) {
      await cluster.connect();
      await cluster.addTargetTopic(topic);
      const [nodeId] = Object.keys(cluster.findLeaderForPartitions(topic, [partition]));
      if (nodeId === undefined) throw new Error("the partition has no leader");
      return cluster.findBroker({ nodeId });
    },
    async controller() {
      await cluster.connect();
      await cluster.refreshMetadata();
      return cluster.findControllerBroker();
    },
    async coordinator(groupId) {
      await cluster.connect();
      await cluster.refreshMetadata();
      try {
        return await cluster.findGroupCoordinator({ groupId });
      } catch (error) {
        // It keeps to itself why: a client without rights would be told that there is none, and ask for ever.
        const broker = await cluster.findControllerBroker();
        await broker.findGroupCoordinator({ groupId, coordinatorType: OF_GROUPS });
        throw error;
      }
    },
    async close() {
      // kafkajs waits for what is asked before it disconnects, and gives it up at once only for an error.
      for (const socket of sockets) socket.destroy(new Error("the reader has ended"));
      await cluster.disconnect().catch(() => undefined);
    },
  };
}
