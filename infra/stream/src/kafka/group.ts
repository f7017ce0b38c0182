import type { StreamGroup } from "../group.ts";
import type { KafkaStreamOptions } from "./options.ts";
import type { StreamError } from "../port.ts";

/** How a group on Kafka is reached, and how soon it notices that a member is gone. */
export interface KafkaGroupOptions extends Pick<
  KafkaStreamOptions,
  "brokers" | "ssl" | "sasl" | "clientId" | "partitions"
> {
  readonly groupId: string;
  /** Of this process: one that keeps its name over a restart gets back what nobody holds. Made up unless given. */
  readonly name?: string;
  /** A member that was not heard of for so long is out, ms. The broker's least is 6,000, unless set otherwise. */
  readonly sessionTimeoutMs?: number;
  /** How often a member is heard of, ms: a third of the session at most. */
  readonly heartbeatMs?: number;
  /** How long members have to come together when one joins or is gone, ms. */
  readonly rebalanceTimeoutMs?: number;
  /**
   * How long a member goes on while its password is refused, since it was last let in, or began: an overloaded broker seems to
   * refuse right ones. Opening the stream before says at once whether it is right.
   */
  readonly refusedMs?: number;
  /** Told each time the group cannot be reached. It is tried again, without end. */
  readonly onTrouble?: (error: StreamError) => void;
}

/**
 * A group that Kafka keeps. Nothing is fetched or committed through it. After a member is killed, its partitions move
 * within the session, a heartbeat and the time of a rebalance, which waits for the others' next heartbeat.
 *
 * @throws {RangeError} for times that do not fit together
 */
export function kafkaGroup(options: KafkaGroupOptions): StreamGroup {
  const { sessionTimeoutMs = 8_000, heartbeatMs = 2_000, rebalanceTimeoutMs = 5_000 } = options;
  const { refusedMs = 60_000 } = options;
  if (!(heartbeatMs > 0 && heartbeatMs * 3 <= sessionTimeoutMs && rebalanceTimeoutMs >= heartbeatMs)) {
    throw new RangeError(
      "a group's heartbeat is a third of its session at most, and no longer than its rebalance",
    );
  }
  return {
    async share(work, signal) {
      // Loaded when it is wanted, as the stream itself.
      const { shareOnKafka } = await import("./group-member.ts");
      const settings = { ...options, sessionTimeoutMs, heartbeatMs, rebalanceTimeoutMs, refusedMs };
      await shareOnKafka(settings, work, signal);
    },
  };
}
