import path from "node:path";
import { pathToFileURL } from "node:url";
import type * as metainfo from "../../../packages/metainfo/src/index.ts";
import type * as storage from "../../../packages/storage/src/index.ts";
import type * as tracker from "../../../packages/tracker/src/index.ts";
import type * as nodeEngine from "../../../packages/engine/src/node/index.ts";
import { ROOT } from "./settings.ts";

type MetainfoPackage = typeof metainfo;
type StoragePackage = typeof storage;
type TrackerPackage = typeof tracker;
export type TrackerClient = tracker.TrackerClient;
export type TrackerClientOptions = tracker.TrackerClientOptions;
export type HashWorkers = storage.HashWorkers;
export type Metainfo = metainfo.Metainfo;
export type NewFile = metainfo.NewFile;

// Built ones, as users get them. Only the types come from the sources, so that types are checked without a build.
const load = (name: string, file = "index.js"): Promise<unknown> =>
  import(pathToFileURL(path.join(ROOT, "packages", name, "dist", file)).href);

export const loadMetainfo = (): Promise<MetainfoPackage> => load("metainfo") as Promise<MetainfoPackage>;
export const loadStorage = (): Promise<StoragePackage> => load("storage") as Promise<StoragePackage>;
export const loadTracker = (): Promise<TrackerPackage> => load("tracker") as Promise<TrackerPackage>;
export const loadNodeEngine = (): Promise<typeof nodeEngine> =>
  load("engine", "node/index.js") as Promise<typeof nodeEngine>;
