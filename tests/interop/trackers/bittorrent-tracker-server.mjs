// npm's bittorrent-tracker as a program: HTTP on the address that the first argument names, UDP on both loopback addresses.
import Server from "bittorrent-tracker/server";

const [host, port] = process.argv.slice(2);
const server = new Server({ http: true, udp: true, ws: false, stats: false, interval: 900_000 });
server.on("error", (error) => {
  console.error(error);
  process.exit(1);
});
server.on("warning", (warning) => console.error("warning", warning.message));
server.listen(Number(port), { http: host, udp: "127.0.0.1", udp6: "::1" }, () => console.log("listening"));
