import { describeGroup, GROUP_PARTITIONS, HandGroup } from "@daybook/stream/testing";
import { placesOf, soleGroup } from "../src/group.ts";

describeGroup("a process that has everything to itself", async () => ({
  member: () => soleGroup(GROUP_PARTITIONS),
  remove: async () => undefined,
}));

describeGroup("a group by hand", async () => ({
  member() {
    const group = new HandGroup();
    group.give(...placesOf(GROUP_PARTITIONS));
    return group;
  },
  remove: async () => undefined,
}));
