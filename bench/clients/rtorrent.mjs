import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { isOnPath } from "./client.mjs";

/** @type {import("./client.mjs").Client} */
export const rtorrent = {
  name: "rtorrent",
  isInstalled: () => isOnPath("rtorrent"),
  prepare: ({ torrentPath, directory, host, port, home }) => {
    mkdirSync(path.join(home, "session"));
    const settings = path.join(home, "settings.rc");
    const lines = [
      "system.daemon.set = true",
      `session.path.set = ${path.join(home, "session")}`,
      `directory.default.set = ${directory}`,
      `network.bind_address.set = ${host}`,
      `network.port_range.set = ${port}-${port}`,
      "network.port_random.set = no",
      "dht.mode.set = disable",
      "protocol.pex.set = no",
      "protocol.encryption.set = none",
      "trackers.use_udp.set = no",
      "pieces.hash.on_completion.set = no",
      "pieces.memory.max.set = 2048M",
      `method.set_key = event.download.finished, bench, "execute.nothrow = touch, ${path.join(home, "finished")}"`,
      `load.start = ${torrentPath}`,
      "",
    ];
    writeFileSync(settings, lines.join("\n"));
    return { command: "rtorrent", args: ["-n", "-o", `import=${settings}`], env: { HOME: home } };
  },
  isComplete: ({ home }) => existsSync(path.join(home, "finished")),
};
