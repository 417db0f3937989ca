/** What `bt` tells the shell. Documented in docs/cli.md; the numbers never change. */
export const EXIT = Object.freeze({
  ok: 0,
  unexpected: 1,
  usage: 2,
  unreadable: 3,
  badTorrent: 4,
  network: 5,
  diskFull: 6,
  disk: 7,
  mismatch: 8,
  interrupted: 130,
  terminated: 143,
});

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
