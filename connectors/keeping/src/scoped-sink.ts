import type { Event, Sink } from "@daybook/contract";

/** A sink that can also say what scope leaves out, so that nothing of it is fetched. */
export type ScopedSink = Sink & {
  readonly excludes?: (
    about: Pick<Event, "account" | "network" | "custodian" | "conversation">,
  ) => Promise<boolean>;
};
