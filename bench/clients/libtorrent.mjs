import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";

const SCRIPT = path.join(
  path.dirname(fileURLToPath(import.meta.url)),
  "../../tests/interop/peers/libtorrent_peer.py",
);
/** Debian builds the module for its own interpreter. */
const PYTHON = "/usr/bin/python3";

/** @type {import("./client.mjs").Client} */
export const libtorrent = {
  name: "libtorrent",
  isInstalled: () => spawnSync(PYTHON, ["-c", "import libtorrent"], { stdio: "ignore" }).status === 0,
  prepare: ({ torrentPath, directory, host, port }) => ({
    command: PYTHON,
    args: [SCRIPT, "run", torrentPath, directory, host, String(port)],
  }),
  isComplete: (_job, log) => log().includes("COMPLETE"),
};
