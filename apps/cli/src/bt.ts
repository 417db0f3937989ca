#!/usr/bin/env node
import { main } from "./main.ts";
import { processIo } from "./process/process-io.ts";

const io = processIo();
void main(process.argv.slice(2), io).then((code) => io.leave(code));
