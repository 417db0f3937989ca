// Loaded into `bt` with --import: writes down, before each change of a file or a name, what was there, and which changes were
// synced. From that the test makes what a power cut leaves when the disk had taken nothing but what was synced.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import path from "node:path";
import { isMainThread } from "node:worker_threads";

const logPath = process.env.BT_TEST_WRITE_LOG;
if (logPath !== undefined && isMainThread) {
  const log = fs.openSync(logPath, "a");
  let lastId = 0;
  /** Changes that are over, by file or folder: what the next sync covers. */
  const ended = new Map();

  const note = (record, bytes = new Uint8Array()) => {
    const head = Buffer.from(JSON.stringify({ ...record, length: bytes.length }) + "\n");
    // One call, so that a kill leaves a record or none.
    fs.writevSync(log, [head, bytes]);
  };

  // The number alone would be given to another file when this one is gone.
  const keyOf = ({ ino, birthtimeMs }) => `${ino} ${birthtimeMs}`;
  const fileOf = (fd) => keyOf(fs.fstatSync(fd));
  const isThere = (place) => fs.lstatSync(place, { throwIfNoEntry: false }) !== undefined;

  const { open, write, writev, fsync, ftruncate, rename } = fs;

  /** To be called before a change; what it gives back is called after it. `key`: what has to be synced. */
  const begin = (key, record, before) => {
    const id = `${process.pid}-${++lastId}`;
    note({ ...record, id }, before);
    return () => {
      if (!ended.has(key)) ended.set(key, []);
      ended.get(key).push(id);
    };
  };
  const beginWrite = (fd, position, end, isCut) => {
    const stat = fs.fstatSync(fd);
    const { size, mtimeMs } = stat;
    const before = Buffer.alloc(Math.max(0, Math.min(isCut ? size : end, size) - position));
    fs.readSync(fd, before, 0, before.length, position);
    const file = keyOf(stat);
    return begin(file, { kind: isCut ? "cut" : "write", file, size, mtimeMs, position, end }, before);
  };
  const beginName = (place, record, before) =>
    begin(keyOf(fs.statSync(path.dirname(place))), { ...record, place }, before);

  fs.open = (place, flags, ...rest) => {
    const done = rest.pop();
    const isNew = (flags & fs.constants.O_CREAT) !== 0 && !isThere(place);
    const end = isNew ? beginName(place, { kind: "create" }) : undefined;
    open(place, flags, ...rest, (error, fd) => {
      end?.();
      done(error, fd);
    });
  };
  fs.rename = (from, to, done) => {
    const wasThere = isThere(to);
    const end = beginName(
      to,
      { kind: "rename", from, wasThere },
      wasThere ? fs.readFileSync(to) : new Uint8Array(),
    );
    rename(from, to, (error) => {
      end();
      done(error);
    });
  };
  fs.write = (fd, from, at, length, position, done) => {
    const end = beginWrite(fd, position, position + length, false);
    write(fd, from, at, length, position, (error, count) => {
      end();
      done(error, count);
    });
  };
  fs.writev = (fd, from, position, done) => {
    const length = from.reduce((sum, part) => sum + part.length, 0);
    const end = beginWrite(fd, position, position + length, false);
    writev(fd, from, position, (error, count) => {
      end();
      done(error, count);
    });
  };
  fs.ftruncate = (fd, length, done) => {
    const end = beginWrite(fd, length, length, true);
    ftruncate(fd, length, (error) => {
      end();
      done(error);
    });
  };
  // Of a file or of a folder.
  fs.fsync = (fd, done) => {
    const { mtimeMs, size } = fs.fstatSync(fd);
    const file = fileOf(fd);
    const covered = ended.get(file) ?? [];
    ended.delete(file);
    fsync(fd, (error) => {
      if (error === null) note({ kind: "sync", process: String(process.pid), file, mtimeMs, size, covered });
      done(error);
    });
  };
  syncBuiltinESMExports();
}
