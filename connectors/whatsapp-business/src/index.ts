export * from "./options.ts";
export * from "./whatsapp-business.ts";
