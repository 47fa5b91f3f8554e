/** The TypeScript SDK: everything a program needs to chat, and nothing of the server. */
export * from "./api";
export * from "./errors";
export * from "./models";
export { exponentialBackoff, type Backoff } from "./backoff";
export { HubbubClient, VERSION } from "./client";
export { foldConversation, foldMessage, foldPage, maySee, nearestSeen } from "./fold";
export { HttpApi, type CallOptions, type Place, type Tokens } from "./http";
export { newId } from "./ids";
export { FixedToken, KeptLogin, exclusively, type KeptTokens, type Login, type LoginKeeper } from "./login";
export { IndexedDbStore } from "./indexeddb";
export type { ClientOptions } from "./options";
export type { Command } from "./outbox";
export { thisPlatform, type Link, type LinkEvents, type Platform, type Wake } from "./platform";
export { Host, PortClient, portOf, type Hosted, type Port } from "./port";
export { openRoom } from "./room";
export { MemoryStore, type Batch, type Kept, type KeptConversation, type Store } from "./store";
export { shareAmongTabs, type TabPlatform } from "./tabs";
