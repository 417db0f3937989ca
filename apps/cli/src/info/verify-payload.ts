// What `bt verify` takes of the storage, and no more; see ../create/hash-payload.ts.
export { verifyData } from "@bt/storage";
