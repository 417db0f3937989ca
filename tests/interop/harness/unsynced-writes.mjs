// Loaded into `bt` with --import: writes down, before each write to a file, what was there, and which writes were synced. From
// that the test makes what a power cut leaves when the disk had taken nothing but what was synced.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { isMainThread } from "node:worker_threads";

const logPath = process.env.BT_TEST_WRITE_LOG;
if (logPath !== undefined && isMainThread) {
  const log = fs.openSync(logPath, "a");
  let lastId = 0;
  /** Writes that are over, by file: what the next sync covers. */
  const ended = new Map();

  const note = (record, bytes = new Uint8Array()) => {
    const head = Buffer.from(JSON.stringify({ ...record, length: bytes.length }) + "\n");
    // One call, so that a kill leaves a record or none.
    fs.writevSync(log, [head, bytes]);
  };

  // The number alone would be given to another file when this one is gone.
  const fileOf = (fd) => {
    const { ino, birthtimeMs } = fs.fstatSync(fd);
    return `${ino} ${birthtimeMs}`;
  };

  const { write, writev, fdatasync } = fs;

  /** To be called before a write; what it gives back is called after it. */
  const begin = (fd, length, position) => {
    const { size } = fs.fstatSync(fd);
    const file = fileOf(fd);
    const before = Buffer.alloc(Math.max(0, Math.min(length, size - position)));
    fs.readSync(fd, before, 0, before.length, position);
    const id = `${process.pid}-${++lastId}`;
    note({ kind: "write", id, file, size, position, end: position + length }, before);
    return () => {
      if (!ended.has(file)) ended.set(file, []);
      ended.get(file).push(id);
    };
  };
  fs.write = (fd, from, at, length, position, done) => {
    const end = begin(fd, length, position);
    write(fd, from, at, length, position, (error, count) => {
      end();
      done(error, count);
    });
  };
  fs.writev = (fd, from, position, done) => {
    const length = from.reduce((sum, part) => sum + part.length, 0);
    const end = begin(fd, length, position);
    writev(fd, from, position, (error, count) => {
      end();
      done(error, count);
    });
  };
  fs.fdatasync = (fd, done) => {
    const file = fileOf(fd);
    const covered = ended.get(file) ?? [];
    ended.delete(file);
    fdatasync(fd, (error) => {
      if (error === null) note({ kind: "sync", covered });
      done(error);
    });
  };
  syncBuiltinESMExports();
}
