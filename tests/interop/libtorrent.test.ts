import { describeClient } from "./harness/client-matrix.ts";
import { libtorrent } from "./peers/libtorrent.ts";

describeClient(libtorrent);
