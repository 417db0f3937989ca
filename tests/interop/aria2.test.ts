import { describeClient } from "./harness/client-matrix.ts";
import { aria2 } from "./peers/aria2.ts";

describeClient(aria2);
