import { type Route, route } from "@daybook/runtime";
import { z } from "zod";
import { pageEnd, pageQuery } from "../paging.ts";
import { params, reason } from "../routes/fields.ts";
import type { Devices } from "./devices.ts";
import { span, when } from "./fields.ts";
import { deviceDetail, ownership } from "./post-facts.ts";
import { given } from "./post-routes.ts";

const device = z.object({ ...deviceDetail.shape, id: z.uuid(), addedAt: z.string() });
export const deviceUse = z.object({ account: z.uuid(), device: z.uuid(), ...span });

/** Devices, and which accounts are on them when. */
export function deviceRoutes({ devices, zone }: { devices: Devices; zone: string }): Route[] {
  const at = when(zone);
  const label = z.string().trim().min(1).max(256);
  const mode = z.string().trim().min(1).max(64).nullable();
  const source = z.string().trim().min(1).max(256).nullable();
  const within = z.object({
    account: z.uuid(),
    from: at,
    to: at.nullable().default(null).describe("Exclusive; until further notice, if absent"),
    reason,
  });
  return [
    route({
      method: "get",
      path: "/api/v1/devices",
      action: "device.read",
      summary: "Devices, in the order they were added",
      query: pageQuery,
      response: z.object({ devices: z.array(device), ...pageEnd }),
      handle: async ({ query }) => {
        const { entries, next } = await devices.list(query);
        return { devices: entries, next };
      },
    }),
    route({
      method: "post",
      path: "/api/v1/devices",
      action: "device.manage",
      summary: "Add a device",
      status: 201,
      body: z.object({
        label,
        ownership: ownership.default("corporate"),
        mode: mode.default(null).describe("How it is managed"),
        source: source.default(null).describe("Its id in the system that manages it"),
        reason,
      }),
      response: device,
      handle: ({ principal, body: { reason: why, ...detail } }) => devices.add(detail, why, principal.id),
    }),
    route({
      method: "get",
      path: "/api/v1/devices/:id",
      action: "device.read",
      summary: "A device, and which accounts were on it when",
      params,
      response: device.extend({ uses: z.array(deviceUse) }),
      handle: async ({ params: { id } }) => ({
        ...(await devices.get(id)),
        uses: await devices.uses({ device: id }),
      }),
    }),
    route({
      method: "post",
      path: "/api/v1/devices/:id",
      action: "device.manage",
      summary: "Change what is said of a device",
      params,
      body: z.object({
        label: label.optional(),
        ownership: ownership.optional(),
        mode: mode.optional(),
        source: source.optional(),
        reason,
      }),
      response: device,
      handle: ({ principal, params: { id }, body: { reason: why, ...to } }) =>
        devices.change(id, given(to), why, principal.id),
    }),
    ...(["use", "release"] as const).map((what) =>
      route({
        method: "post",
        path: `/api/v1/devices/:id/${what}`,
        action: "device.manage",
        summary:
          what === "use"
            ? "An account is on a device within an interval, in which it must be somebody's"
            : "An account is not on a device within an interval",
        params,
        body: within,
        handle: async ({ principal, params: { id }, body: { account, from, to, reason: why } }) => {
          await devices[what](id, account, { from, to }, why, principal.id);
          return undefined;
        },
      }),
    ),
  ];
}
