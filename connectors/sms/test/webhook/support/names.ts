export const CUSTODIAN = { id: "custodian-1", name: "Olivia Sinclair" };
export const OFFICIAL = "+447700900123";
export const FERGUS = "+447700900456";
export const TOKEN = "a token of Twilio's, made up";
export const ACCOUNT = `AC${"0".repeat(32)}`;
/** As it is set at providers: nothing of ours is reached by that name. */
export const PUBLIC = "https://hooks.example.gov/webhooks/sms";
