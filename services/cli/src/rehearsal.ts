import type { Live } from "@daybook/capture";
import {
  accounts,
  conversations,
  createRehearsal,
  type Mapping,
  party,
  REHEARSAL_ACCOUNTS,
  REHEARSAL_LINKS,
  type Step,
  week,
} from "@daybook/rehearsal";
import type { Logger } from "@daybook/runtime";
import type { MadeUpEvent, MessageName, rehearsed } from "@daybook/signal/rehearsing";

/** A conversation of the week; on Signal, a group has a master key. */
interface Talk {
  readonly id: string;
  readonly title: string;
  readonly members: readonly Parameters<typeof party>[0][];
  readonly masterKey?: string;
}

const SIGNAL = accounts.adviserSignal;
/** Who is on it, by the conversations that the account is in. */
const TALKS: readonly Talk[] = [conversations.ferry, conversations.aside];

/** The made-up week. What happens on Signal is read from Signal's own bytes, as its connector reads them. */
export async function rehearsalLive(
  of: {
    readonly pauseMs: number;
    readonly log: Logger;
    /** Whether phones that there are not can be linked: not beside a connector that links real ones. */
    readonly links?: boolean;
  } & Pick<Live, "onEnd">,
): Promise<Live> {
  const { pauseMs, log, links = false, onEnd } = of;
  const signal = await import("@daybook/signal/rehearsing").catch((err: unknown) => {
    // It is made for glibc, macOS and Windows: a trial goes on without.
    log.warn({ err }, "Signal's library cannot be loaded here: what happens on Signal is made up whole");
  });
  return {
    name: "rehearsal",
    accounts: REHEARSAL_ACCOUNTS,
    ...(links && { links: REHEARSAL_LINKS }),
    connect: (custodian) => {
      const mappings = signal ? { signal: signalMapping(signal.rehearsed) } : {};
      return createRehearsal({ custodian, pauseMs, mappings });
    },
    ...(onEnd && { onEnd }),
  };
}

function signalMapping(rehearse: typeof rehearsed): Mapping {
  let made: ReturnType<typeof rehearsed> | undefined;
  return (step, custodian, attachments) => {
    made ??= rehearse({
      aci: SIGNAL.id,
      custodian,
      people: TALKS.flatMap(({ members }) => members.map((who) => party(who, "signal"))),
      groups: TALKS.flatMap((talk) => {
        const { masterKey, title } = talk;
        const members = talk.members.map((who) => party(who, "signal").id);
        return masterKey === undefined ? [] : [{ masterKey, title, members }];
      }),
    });
    return made(toEvent(step), attachments);
  };
}

function toEvent(step: Step): MadeUpEvent {
  const at = new Date(step.at);
  if (step.coverage) {
    const { from, to, state } = step.coverage;
    return { at, what: "coverage", from: Date.parse(from), to: Date.parse(to), state };
  }
  if (step.gap) {
    const about = named(step.gap.about);
    return { at, what: "gap", why: step.gap.why, ...(about && { about }) };
  }
  const talk: Talk | undefined = step.in && conversations[step.in];
  if (!talk || !step.from) throw new TypeError("a made-up message without a sender or a conversation");
  const group = talk.masterKey;
  return {
    at,
    what: "sent",
    author: party(step.from, "signal").id,
    to: group === undefined ? { peer: talk.id } : { group },
    message: {
      text: step.kind === "message" ? step.text : undefined,
      replyTo: named(step.replyTo),
      deletes: step.kind === "delete" ? named(step.target) : undefined,
      timerSeconds: step.expiresAfterSeconds,
      isTimerChange: step.kind === "timer",
      viewOnce: step.viewOnce ?? false,
    },
  };
}

/** The message that a step names. */
function named(name: string | undefined): MessageName | undefined {
  const step = week.find((one) => name !== undefined && one.as === name);
  return step?.from && { author: party(step.from, "signal").id, at: new Date(step.at) };
}
