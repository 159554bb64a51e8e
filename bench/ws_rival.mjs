// What one would write instead of Tapedeck's WebSocket: npm `ws`, every event sent to every client.
// Speaks enough of the protocol for ws_bench. Prints its port. npm install ws, then:
//   node bench/ws_rival.mjs [deflate]
import { WebSocketServer } from "ws";

const server = new WebSocketServer({
  host: "127.0.0.1",
  port: 0,
  perMessageDeflate: process.argv[2] === "deflate" ? { threshold: 256, zlibDeflateOptions: { level: 1 } } : false,
});
const subscribers = new Map(); // socket -> whether it wants batches
let seq = 0;

function broadcast(events) {
  const stamped = events.map((event) => ({ ...event, timestamp: new Date().toISOString(), id: `r-${++seq}` }));
  const single = stamped.map((event) => JSON.stringify({ op: "event", sub: "a", event }));
  const batch = JSON.stringify({ op: "event", sub: "a", events: stamped });
  for (const [socket, batched] of subscribers) {
    if (batched) socket.send(batch);
    else for (const message of single) socket.send(message);
  }
}

server.on("connection", (socket) => {
  socket.on("message", (data) => {
    const message = JSON.parse(data);
    if (message.op === "subscribe") subscribers.set(socket, message.batch === true);
    else if (message.op === "publish") broadcast(message.events);
  });
  socket.on("close", () => subscribers.delete(socket));
});
server.on("listening", () => console.log(server.address().port));
