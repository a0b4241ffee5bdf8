// Follows events by graphql-ws: ADDRESS KEY EVENT... One line an update: the event, a tab, its state. Last: `refused`, a
// tab, and the code with which a connection with another key was closed.
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const [address, key, ...events] = process.argv.slice(2);
const url = address.replace(/^http/, "ws");
const query = "subscription ($id: ID!) { eventUpdates(id: $id) { eventId state } }";

function client(given) {
  return createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0, connectionParams: { Authorization: `Bearer ${given}` } });
}

async function follow(one, id) {
  for await (const result of one.iterate({ query, variables: { id } })) {
    if (result.errors) throw new Error(JSON.stringify(result.errors));
    console.log(`${result.data.eventUpdates.eventId}\t${result.data.eventUpdates.state}`);
  }
}

const ours = client(key);
await Promise.all(events.map((id) => follow(ours, id)));
await ours.dispose();

try {
  await follow(client("vlmkg_unknown"), events[0]);
} catch (closed) {
  console.log(`refused\t${closed.code}`);
}
