import { isOnPath } from "./client.mjs";

/** @type {import("./client.mjs").Client} */
export const aria2 = {
  name: "aria2",
  isInstalled: () => isOnPath("aria2c"),
  prepare: ({ role, torrentPath, directory, host, port }) => ({
    command: "aria2c",
    args: [
      ...["--no-conf", `--interface=${host}`, `--listen-port=${port}`, "--disable-ipv6=true"],
      ...[
        "--enable-dht=false",
        "--enable-dht6=false",
        "--bt-enable-lpd=false",
        "--enable-peer-exchange=false",
      ],
      ...["--bt-min-crypto-level=plain", "--show-console-readout=false", "--summary-interval=0"],
      // Its default writes the whole file with zeros first: half a second per GiB.
      ...["--file-allocation=none", `--dir=${directory}`],
      ...(role === "seeder" ? ["--seed-ratio=0.0", "--check-integrity=true"] : ["--seed-time=0"]),
      torrentPath,
    ],
  }),
};
