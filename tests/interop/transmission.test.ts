import { describeClient } from "./harness/client-matrix.ts";
import { transmission } from "./peers/transmission.ts";

describeClient(transmission);
