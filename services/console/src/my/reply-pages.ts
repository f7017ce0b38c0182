import { randomUUID } from "node:crypto";
import { MAX_RELAYED_CHARACTERS } from "@daybook/contract";
import { type ApiClient, ProblemError } from "@daybook/runtime";
import { z } from "zod";
import { page, redirect, view } from "../page.ts";
import { KEY } from "../reader/doors.ts";
import { conversationHead, sendingAccounts, sentMessage } from "./my-answers.ts";
import { SENDING } from "./sending.ts";

const params = z.object({ key: KEY });

/** The conversation, and the accounts that may answer in it: those of its network that a connector may send from. */
async function replying(api: ApiClient, key: string) {
  const [{ conversation }, { accounts }] = await Promise.all([
    api.call("get", "/api/v1/self/conversations/:key/thread", {
      params: { key },
      query: { limit: 1 },
      response: conversationHead,
    }),
    api.call("get", "/api/v1/self/accounts", { response: sendingAccounts }),
  ]);
  const methods = SENDING.get(conversation.network) ?? [];
  const own = accounts.filter(
    ({ network, method, identifier }) =>
      network === conversation.network && methods.includes(method) && identifier !== null,
  );
  return { conversation, accounts: own };
}

/** Answering from the official account, where its connector may send. The message is on record before it leaves. */
export const replyPages = [
  page({
    method: "get",
    path: "/my/conversations/:key/reply",
    action: "message.send",
    params,
    handle: async ({ api, params: { key } }) =>
      // One page is one message, however often its form is sent.
      view("my/reply", { ...(await replying(api, key)), values: { id: randomUUID() } }),
  }),
  page({
    method: "post",
    path: "/my/conversations/:key/reply",
    action: "message.send",
    params,
    form: z.object({
      id: z.uuid(),
      account: z.uuid("my:errors.account"),
      text: z
        .string()
        .transform((text) => text.replaceAll("\r\n", "\n").trim())
        .pipe(z.string().min(1, "my:errors.text").max(MAX_RELAYED_CHARACTERS, "my:errors.textTooLong")),
      newIdentity: z.literal("yes").optional(),
    }),
    invalid: async ({ api, params: { key }, form: { values, errors } }) =>
      view("my/reply", {
        ...(await replying(api, key)),
        values: { ...values, id: z.uuid().safeParse(values["id"]).data ?? randomUUID() },
        errors,
      }),
    handle: async ({ api, params: { key }, form: { newIdentity, ...message } }) => {
      const { conversation, accounts } = await replying(api, key);
      if (!accounts.some(({ id }) => id === message.account))
        throw new ProblemError(404, "no-such-account", "there is no account of that id");
      const acceptsNewIdentity = newIdentity === undefined ? {} : { acceptsNewIdentity: true };
      const body = { ...message, ...acceptsNewIdentity, conversation: conversation.id };
      const { id } = await api.call("post", "/api/v1/messages", { body, response: sentMessage });
      return redirect(`/my/conversations/${key}/sent/${id}`);
    },
  }),
  page({
    method: "get",
    path: "/my/conversations/:key/sent/:message",
    action: "message.send",
    params: z.object({ key: KEY, message: z.uuid() }),
    handle: async ({ api, params: { key, message } }) => {
      const found = await api.call("get", "/api/v1/messages/:id", {
        params: { id: message },
        response: sentMessage,
      });
      return view("my/sent", { ...found, key, goesOn: found.state === "queued" });
    },
  }),
];
