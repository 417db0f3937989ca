// All scenarios, in the order in which the help lists them.
import { create, recheck } from "./making.mjs";
import { idlePeers } from "./idle-peers.mjs";
import { idleTorrents } from "./idle-torrents.mjs";
import { pauses } from "./pauses.mjs";
import { sparse } from "./sparse.mjs";
import { startUp } from "./start-up.mjs";
import { download, fanIn, fanOut, seed } from "./transfer.mjs";

/** @type {readonly import("./scenario.mjs").Scenario[]} */
export const SCENARIOS = [
  download,
  seed,
  fanIn,
  fanOut,
  recheck,
  create,
  idleTorrents,
  idlePeers,
  sparse,
  pauses,
  startUp,
];
