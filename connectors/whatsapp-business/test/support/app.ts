/** What Meta knows of the app, and what it is told; made up. */
export const APP = { secret: "an app secret, made up", accessToken: "an access token, made up" };
export const VERIFY_TOKEN = "a verify token, made up";
export const CUSTODIAN = { id: "id-olivia", name: "Olivia Sinclair" };
