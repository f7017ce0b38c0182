import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type PartitionWork, type Place, placesOf, Works } from "../group.ts";
import { assign } from "./group-assign.ts";
import { decodeMember, decodeShare, encodeMember, encodeShare, protocolOf } from "./group-words.ts";
import type { KafkaGroupOptions } from "./group.ts";
import { type Coordinator, type Line, openLine } from "./internals.ts";
import { isFinal, kafkaErrorType, unavailable } from "./patience.ts";

const PAUSE_MS = 300;

type Settings = KafkaGroupOptions &
  Required<Pick<KafkaGroupOptions, "sessionTimeoutMs" | "heartbeatMs" | "rebalanceTimeoutMs" | "refusedMs">>;

/** As `StreamGroup.share`. */
export async function shareOnKafka(
  settings: Settings,
  work: PartitionWork,
  signal: AbortSignal,
): Promise<void> {
  const failure = new AbortController();
  const works = new Works(work, (error) => failure.abort(error));
  const member = new GroupMember(settings, works, AbortSignal.any([signal, failure.signal]));
  try {
    await member.run();
  } finally {
    await member.leave();
    await works.end();
  }
}

/** A generation of the group, and what this member has in it. */
interface Seat {
  readonly generation: number;
  readonly places: readonly Place[];
}

class GroupMember {
  readonly #settings: Settings;
  readonly #works: Works;
  readonly #ending: AbortSignal;
  readonly #name: string;
  #line: Line;
  #coordinator: Coordinator | undefined;
  #id = "";
  #seat: Seat | undefined;
  #lease: NodeJS.Timeout | undefined;
  #letInAt = performance.now();

  constructor(settings: Settings, works: Works, ending: AbortSignal) {
    this.#settings = settings;
    this.#works = works;
    this.#ending = ending;
    this.#name = settings.name ?? randomUUID();
    this.#line = this.#openLine();
  }

  /** Is a member until the end. @throws {StreamError} when Kafka refuses it; {RangeError} */
  async run(): Promise<void> {
    // A join waits for the others: nothing else ends it.
    const cut = () => void (this.#seat ?? this.#line.close());
    this.#ending.addEventListener("abort", cut);
    try {
      while (!this.#ending.aborted) await this.#step().catch((error: unknown) => this.#recover(error));
    } finally {
      this.#ending.removeEventListener("abort", cut);
    }
  }

  /** Gives the partitions back, once their works are done or could have been: the others need not wait for them. */
  async leave(): Promise<void> {
    const { groupId, sessionTimeoutMs } = this.#settings;
    clearTimeout(this.#lease);
    const ended = this.#works.end().catch(() => undefined);
    const timer = new AbortController();
    await Promise.race([ended, sleep(sessionTimeoutMs / 2, undefined, { signal: timer.signal })]).catch(
      () => undefined,
    );
    timer.abort();
    if (this.#id !== "") {
      if (!this.#seat) {
        // The line was cut in the middle of a join.
        this.#line = this.#openLine();
        this.#coordinator = undefined;
      }
      await this.#leaveGroup(groupId).catch(() => undefined);
    }
    await this.#line.close();
  }

  async #leaveGroup(groupId: string): Promise<void> {
    this.#coordinator ??= await this.#line.coordinator(groupId);
    await this.#coordinator.leaveGroup({ groupId, memberId: this.#id });
  }

  async #step(): Promise<void> {
    this.#coordinator ??= await this.#line.coordinator(this.#settings.groupId);
    if (this.#seat) await this.#beat(this.#coordinator, this.#seat);
    else this.#seat = await this.#join(this.#coordinator);
    this.#letInAt = performance.now();
    // Also after a time in which nobody could say: it is the same seat.
    this.#works.have(this.#seat.places);
    await sleep(this.#settings.heartbeatMs, undefined, { signal: this.#ending }).catch(() => undefined);
  }

  async #beat(coordinator: Coordinator, { generation }: Seat): Promise<void> {
    const sentAt = performance.now();
    const { groupId } = this.#settings;
    await coordinator.heartbeat({ groupId, groupGenerationId: generation, memberId: this.#id });
    this.#renew(sentAt, this.#settings.sessionTimeoutMs);
  }

  async #join(coordinator: Coordinator): Promise<Seat> {
    const { groupId, partitions, sessionTimeoutMs, rebalanceTimeoutMs } = this.#settings;
    // Until the others have come, the coordinator waits for no heartbeat.
    if (this.#works.held.length > 0) this.#renew(performance.now(), rebalanceTimeoutMs + sessionTimeoutMs);
    const metadata = encodeMember(partitions, { name: this.#name, holds: this.#works.held });
    const joined = await coordinator.joinGroup({
      groupId,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: rebalanceTimeoutMs,
      memberId: this.#id,
      groupProtocols: [{ name: protocolOf(partitions), metadata }],
    });
    this.#id = joined.memberId;
    const sentAt = performance.now();
    const { memberAssignment } = await coordinator.syncGroup({
      groupId,
      generationId: joined.generationId,
      memberId: joined.memberId,
      groupAssignment: joined.leaderId === joined.memberId ? shareOut(partitions, joined.members) : [],
    });
    this.#renew(sentAt, sessionTimeoutMs);
    return { generation: joined.generationId, places: decodeShare(partitions, memberAssignment) };
  }

  /** Nobody else has the partitions until then. Who wakes up after it stops at once, before it asks. */
  #renew(since: number, forMs: number): void {
    clearTimeout(this.#lease);
    this.#lease = setTimeout(() => this.#works.have([]), Math.max(0, since + forMs - performance.now()));
  }

  async #recover(error: unknown): Promise<void> {
    if (this.#ending.aborted) return;
    const type = kafkaErrorType(error);
    switch (type) {
      case "REBALANCE_IN_PROGRESS":
      case "ILLEGAL_GENERATION":
        this.#seat = undefined;
        return;
      case "UNKNOWN_MEMBER_ID":
        this.#seat = undefined;
        this.#id = "";
        return;
      case "INCONSISTENT_GROUP_PROTOCOL":
        throw new RangeError(
          `the members of ${this.#settings.groupId} share other partitions: give every process the same`,
        );
    }
    const said = unavailable(`let this process into ${this.#settings.groupId}`, error);
    const wasLetIn = performance.now() - this.#letInAt < this.#settings.refusedMs;
    if (isFinal(error, { wasLetIn })) throw said;
    this.#settings.onTrouble?.(said);
    await this.#line.close();
    this.#coordinator = undefined;
    this.#line = this.#openLine();
    await sleep(PAUSE_MS, undefined, { signal: this.#ending }).catch(() => undefined);
  }

  #openLine(): Line {
    const { brokers, ssl, sasl, clientId = "daybook", sessionTimeoutMs } = this.#settings;
    return openLine({
      brokers,
      ...(ssl && { ssl }),
      ...(sasl && { sasl }),
      clientId,
      requestTimeoutMs: Math.max(1_000, Math.floor(sessionTimeoutMs / 2)),
    });
  }
}

/** What the leader gives to each. */
function shareOut(
  partitions: Readonly<Record<string, number>>,
  members: readonly { memberId: string; memberMetadata: Buffer }[],
): { memberId: string; memberAssignment: Buffer }[] {
  const known = members.map(({ memberId, memberMetadata }) => decodeMember(memberId, memberMetadata));
  return [...assign(placesOf(partitions), known)].map(([memberId, places]) => ({
    memberId,
    memberAssignment: encodeShare(places),
  }));
}
