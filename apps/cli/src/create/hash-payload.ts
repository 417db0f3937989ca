// What `bt create` takes of the storage, and no more: loading all of it takes as long as hashing 20 MiB.
export { hashFiles, hashFileTrees, hashHybrid, HashWorkers, scanPayload } from "@bt/storage";
