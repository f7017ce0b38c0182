import { readConfig } from "@daybook/runtime";
import { SMS_CANARY, smsCanaryOf, smsCanaryProblems } from "../src/run/sms-canary.ts";

const URL_SET = { DAYBOOK_SMS_CANARY_URL: "https://texts.example/send?to={to}&text={text}" };
const SMPP_SET = {
  DAYBOOK_SMS_CANARY_SMPP_HOST: "smpps://smpp.other.example:3550",
  DAYBOOK_SMS_CANARY_SMPP_SYSTEM_ID: "canary",
  DAYBOOK_SMS_CANARY_SMPP_PASSWORD: "s3cret",
  DAYBOOK_SMS_CANARY_SMPP_FROM: "+447700900456",
};
const problemsOf = (env: Record<string, string>) => smsCanaryProblems(readConfig(SMS_CANARY, env));

describe("what tests official numbers from outside, by settings", () => {
  it.each<[string, Record<string, string>]>([
    ["nothing", {}],
    ["a URL", URL_SET],
    [
      "a URL and a body",
      { DAYBOOK_SMS_CANARY_URL: "https://texts.example/", DAYBOOK_SMS_CANARY_BODY: "To={to}&Body={text}" },
    ],
    ["a second SMPP account", SMPP_SET],
  ])("is %s", async (name, env) => {
    expect(problemsOf(env)).toEqual([]);
    const canary = await smsCanaryOf(readConfig(SMS_CANARY, env));
    expect(canary !== undefined).toBe(name !== "nothing");
  });

  it.each<[string, Record<string, string>, string]>([
    ["without TLS", { DAYBOOK_SMS_CANARY_URL: "http://texts.example/?{to}{text}" }, "must look like https"],
    ["no URL", { DAYBOOK_SMS_CANARY_URL: "https://{to}:text{text}" }, "must look like https"],
    ["without the words", { DAYBOOK_SMS_CANARY_URL: "https://texts.example/{to}" }, "has {text}"],
    ["a body alone", { DAYBOOK_SMS_CANARY_BODY: "{to}{text}" }, "stands without"],
    ["both", { ...URL_SET, ...SMPP_SET }, "leave one out"],
    ["half of an account", { DAYBOOK_SMS_CANARY_SMPP_SYSTEM_ID: "canary" }, "SMPP_PASSWORD: is missing"],
  ])("is refused where it is %s", (_name, env, problem) => {
    const problems = problemsOf(env).join("\n");
    expect(problems).toContain(problem);
    for (const value of Object.values(env)) expect(problems).not.toContain(value);
  });
});
