import { bytesEqual } from "@bt/primitives";
import { MetainfoError } from "./errors.ts";
import type { StoredFile } from "./stored-file.ts";
import type { V1Files } from "./v1-files.ts";
import type { V2Files } from "./v2-files.ts";

/**
 * BEP 52 "Upgrade Path": both halves must describe the same files in the same order, each at a piece boundary. Returns
 * the v1 list with the roots of the v2 tree. Empty files, links among them, are taken as v1 has them: no piece depends on
 * them, and creators have put them in other places of the two halves (libtorrent takes those as well).
 *
 * @throws MetainfoError
 */
export function checkHybrid(v1: V1Files, v2: V2Files, pieceLength: number): readonly StoredFile[] {
  if (v1.isMultiFile === false && v2.isMultiFile) throw mismatch(0);
  const twins = v2.files.filter((file) => file.length > 0).values();
  let offset = 0;
  for (const [index, file] of v1.files.entries()) {
    const start = offset;
    offset += file.length;
    if (file.pad || file.length === 0) continue;
    const twin = twins.next().value;
    const path = twin?.path;
    if (
      twin?.length !== file.length ||
      file.path?.length !== path?.length ||
      !file.path!.every((element, i) => bytesEqual(element, path![i]!)) ||
      start % pieceLength !== 0
    )
      throw mismatch(index);
    file.piecesRoot = twin.piecesRoot;
  }
  if (twins.next().done !== true) throw mismatch(v1.files.length);
  return v1.files;
}

function mismatch(fileIndex: number): MetainfoError {
  return new MetainfoError(
    "METAINFO_HYBRID_MISMATCH",
    `file ${fileIndex} differs between the halves, or does not begin a piece`,
    { fileIndex },
  );
}
