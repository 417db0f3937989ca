import type { Metainfo } from "@bt/metainfo";
import { formatCount } from "../output/units.ts";
import { storedPaths } from "./stored-paths.ts";

/** What to know about names that were changed because they were unsafe, or because two files had the same one. */
export function changedNames(metainfo: Metainfo): string[] {
  const { name, paths } = storedPaths(metainfo);
  const warnings: string[] = [];
  if (metainfo.isMultiFile && name !== metainfo.name)
    warnings.push(`the name "${name}" is not safe here; it is changed to "${metainfo.name}"`);
  let count = 0;
  let example = "";
  let index = 0;
  for (const path of paths) {
    const file = metainfo.files[index++]!;
    const stored = path?.join("/");
    const used = (metainfo.isMultiFile ? file.path.slice(1) : file.path).join("/");
    if (file.pad || stored === undefined || stored === used) continue;
    if (count++ === 0) example = `"${stored}" is changed to "${used}"`;
  }
  if (count > 0)
    warnings.push(
      `${formatCount(count, "file name is", "file names are")} not safe here or there twice: ${example}`,
    );
  return warnings;
}
