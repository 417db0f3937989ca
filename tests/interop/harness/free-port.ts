import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import { HOST } from "./settings.ts";

// Below the range from which the kernel takes ports for outgoing connections (32768 and up on Linux), so that
// no connection of another test can sit on a port between this check and the client's start.
const LOWEST = 20_000;
const HIGHEST = 32_000;

/** A port of `host` that is free for TCP and UDP at this moment. */
export async function freePort(host = HOST): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if ((await isFreeForTcp(host, port)) && (await isFreeForUdp(host, port))) return port;
  }
  throw new Error(`no free port between ${String(LOWEST)} and ${String(HIGHEST)}`);
}

function isFreeForTcp(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => {
      resolve(false);
    });
    server.listen({ port, host }, () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}

function isFreeForUdp(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    socket.once("error", () => {
      socket.close();
      resolve(false);
    });
    socket.bind({ port, address: host }, () => {
      socket.close(() => {
        resolve(true);
      });
    });
  });
}
