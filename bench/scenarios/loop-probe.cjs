// Preloaded into a Node program: measures how long its event loop is held up, and writes it down at the end.
// Every millisecond it looks how much processor time the main thread has taken since the last look: that is the longest
// stretch in which no timer could run, whoever else used the processor meanwhile.
const { openSync, readSync, writeFileSync } = require("node:fs");

const target = process.env["BT_BENCH_PROBE"];
const schedstat = openSync(`/proc/self/task/${process.pid}/schedstat`, "r");
const bytes = Buffer.alloc(64);

function cpuMs() {
  process.cpuUsage(); // brings the kernel's account of this thread up to date
  const length = readSync(schedstat, bytes, 0, bytes.length, 0);
  return Number(bytes.toString("latin1", 0, length).split(" ")[0]) / 1e6;
}

/** @type {number[]} */
const slices = [];
let last = cpuMs();
setInterval(() => {
  const now = cpuMs();
  slices.push(now - last);
  last = now;
}, 1).unref();

process.on("exit", () => {
  // The start is one long stretch of loading code: the loop has not begun.
  const sorted = slices.slice(1).sort((a, b) => b - a);
  const above = (/** @type {number} */ ms) => sorted.filter((slice) => slice > ms).length;
  const [longestMs = 0] = sorted;
  if (target !== undefined)
    writeFileSync(
      target,
      JSON.stringify({ longestMs, above5Count: above(5), above10Count: above(10), top: sorted.slice(0, 10) }),
    );
});
