/**
 * Two people chat over a server that is killed and started again meanwhile.
 *
 * `tests/web/test_live.py` starts the server and this, and reads one JSON line for every step.  Every message carries
 * its number; at the end both sides tell what they heard, in the order they heard it.
 */
import { createInterface } from "node:readline";
import process from "node:process";

import { HubbubClient, HttpApi, KeptLogin, MemoryStore } from "../../sdk/dist/index.js";

const [server = ""] = process.argv.slice(2);
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function enter(name) {
  const username = `${name}-${Math.random().toString(36).slice(2, 10)}`;
  const password = "wherefore art thou";
  await new HttpApi(server).register(username, password);
  const login = new KeptLogin({ username, password, device: { name: "test" } });
  const client = new HubbubClient({ server, login, store: new MemoryStore(true), catchUpLimit: 100_000 });
  const heard = [];
  const states = [];
  client.on("entry", (entry) => {
    if (entry.action.kind === "message") heard.push(entry.action.body.text);
  });
  client.on("status", (status) => states.push(status.state));
  await client.start();
  await client.ready();
  return { client, heard, states };
}

const romeo = await enter("romeo");
const juliet = await enter("juliet");
const chat = await romeo.client.openDirect(juliet.client.userId);
say({ step: "ready", chat: chat.id });

const done = [];
let count = 0;
// One word from the test is one burst; "end" ends.
for (;;) {
  const { value: word } = await lines.next();
  if (word === "end" || word === undefined) break;
  const burst = [];
  for (let n = 0; n < 50; n += 1) {
    for (const one of [romeo, juliet]) {
      count += 1;
      burst.push(one.client.send(chat.id, `${count}`).done);
    }
  }
  done.push(...burst);
  // The tenth is one of Juliet's: she is connected again, whether Romeo is or not.
  await burst[9];
  say({ step: "acknowledged", word });
}
await Promise.all([romeo, juliet].map((one) => one.client.ready()));
const accepted = await Promise.all(done);
const deadline = Date.now() + 20_000;
while (Date.now() < deadline && [romeo, juliet].some((one) => one.heard.length < count)) {
  await new Promise((resolve) => setTimeout(resolve, 20));
}
const last = accepted.reduce((most, one) => Math.max(most, one.seq), 0);
romeo.client.saw(chat.id, last);
await new Promise((resolve) => {
  const look = (conversation) => conversation.id === chat.id && conversation.readSeq >= last && resolve();
  romeo.client.on("conversation", look);
  for (const conversation of romeo.client.conversations.values()) look(conversation);
});
say({
  step: "end",
  sent: count,
  seqs: accepted.map((one) => one.seq),
  romeo: romeo.heard,
  juliet: juliet.heard,
  states: juliet.states,
  unread: [romeo, juliet].map((one) => one.client.conversations.get(chat.id).unread),
  waiting: [romeo, juliet].map((one) => one.client.outbox.length),
});
await Promise.all([romeo.client.close(), juliet.client.close()]);
// Nothing of the SDK keeps a program alive that has closed it.
process.stdin.destroy();
