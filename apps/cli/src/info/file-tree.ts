import { escapeText } from "../output/escape.ts";
import { formatLength } from "../output/units.ts";

/** What the tree shows of a file. */
export interface TreeFile {
  readonly path: readonly string[];
  readonly length: number;
  readonly pad: boolean;
  readonly symlink?: readonly string[];
}

interface Folder {
  readonly children: Map<string, Folder | TreeFile>;
}

/** The files as a tree drawn with lines, a size beside each; pad files are left out. */
export function fileTree(files: readonly TreeFile[]): string[] {
  const root: Folder = { children: new Map() };
  for (const file of files) if (!file.pad) insert(root, file);
  const lines: string[] = [];
  drawFolder(root, "", lines, true);
  return lines;
}

function insert(root: Folder, file: TreeFile): void {
  let folder = root;
  for (const element of file.path.slice(0, -1)) {
    const child = folder.children.get(element);
    const next: Folder = child !== undefined && "children" in child ? child : { children: new Map() };
    folder.children.set(element, next);
    folder = next;
  }
  folder.children.set(file.path.at(-1) ?? "", file);
}

function drawFolder(folder: Folder, indent: string, lines: string[], isTop: boolean): void {
  const last = folder.children.size - 1;
  let index = 0;
  for (const [name, child] of folder.children) {
    const isLast = index++ === last;
    const branch = isTop ? "" : isLast ? "└── " : "├── ";
    const below = isTop ? "" : isLast ? "    " : "│   ";
    if ("children" in child) {
      lines.push(`${indent}${branch}${escapeText(name)}/`);
      drawFolder(child, indent + below, lines, false);
    } else {
      const target =
        child.symlink === undefined
          ? formatLength(child.length)
          : `-> ${escapeText(child.symlink.join("/"))}`;
      lines.push(`${indent}${branch}${escapeText(name)}  ${target}`);
    }
  }
}
