import { describeClient } from "./harness/client-matrix.ts";
import { qbittorrent } from "./peers/qbittorrent.ts";

describeClient(qbittorrent);
