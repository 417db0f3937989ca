// How long a command takes from its start to its end, beside an empty Node program.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { BT_SCRIPT } from "../clients/bt.mjs";
import { clientNamed } from "../clients/index.mjs";
import { isOnPath } from "../clients/client.mjs";
import { makePayload } from "../payload.mjs";

/** @type {import("./scenario.mjs").Scenario} */
export const startUp = {
  name: "start-up",
  summary: "bt --help and bt info, beside an empty program",
  columns: [["wall ms", "wallMs", 1]],
  defaults: { runCount: 21, totalLength: 64 * 1024 ** 2, pieceLength: 256 * 1024 },
  prepare: async ({ totalLength, pieceLength }, base) => {
    clientNamed("bt");
    const { torrentPath } = makePayload(base, totalLength, pieceLength, "http://tracker.example/announce");
    const { execPath } = process;
    /** @type {Map<string, readonly [string, ...string[]]>} */
    const commands = new Map([
      ["node -e 0", [execPath, "-e", "0"]],
      ["bt --help", [execPath, BT_SCRIPT, "--help"]],
      ["bt info", [execPath, BT_SCRIPT, "info", torrentPath]],
      ["bt info --json", [execPath, BT_SCRIPT, "info", "--json", torrentPath]],
    ]);
    if (isOnPath("transmission-show")) commands.set("transmission-show", ["transmission-show", torrentPath]);
    if (isOnPath("aria2c")) commands.set("aria2c --show-files", ["aria2c", "--show-files", torrentPath]);
    const env = { ...process.env };
    delete env["NODE_EXTRA_CA_CERTS"];
    delete env["NODE_OPTIONS"];
    return {
      title: "start-up",
      contenders: [...commands.keys()],
      run: async (contender) => {
        const [command, ...args] = commands.get(contender) ?? ["false"];
        const startedAt = performance.now();
        const { status } = spawnSync(command, args, { env, stdio: "ignore", cwd: path.dirname(torrentPath) });
        const wallMs = performance.now() - startedAt;
        if (status !== 0) throw new Error(`exit status ${status}`);
        return { wallMs };
      },
    };
  },
};
