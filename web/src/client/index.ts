/** The TypeScript SDK: everything a program needs to chat, and nothing of the server. */
export * from "./api";
export * from "./errors";
export * from "./models";
