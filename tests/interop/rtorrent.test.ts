import { describeClient } from "./harness/client-matrix.ts";
import { rtorrent } from "./peers/rtorrent.ts";

describeClient(rtorrent);
