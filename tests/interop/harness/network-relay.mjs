// The first process of a network namespace: leads connections on a UNIX socket to a port inside, and keeps the namespace.
//   node network-relay.mjs SOCKET_PATH HOST PORT
import { connect, createServer } from "node:net";

const [socketPath, host, port] = process.argv.slice(2);
const server = createServer((outer) => {
  const inner = connect(Number(port), host);
  outer.pipe(inner).pipe(outer);
  for (const each of [outer, inner]) each.on("error", () => (outer.destroy(), inner.destroy()));
});
server.listen(socketPath, () => console.log("ready"));
