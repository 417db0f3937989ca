import ts from "typescript";
import { describe, expect, it } from "vitest";
import { packagesIn, readText, repositoryFiles } from "./repository.ts";

interface Limit {
  readonly name: string;
  readonly value: number;
  readonly path: string;
}

/** The value of `4 * 1024 * 1024`, `2 ** 48 - 1`, `10_000`; undefined for all that is not plain arithmetic. */
function numberOf(node: ts.Expression): number | undefined {
  if (ts.isParenthesizedExpression(node)) return numberOf(node.expression);
  if (ts.isNumericLiteral(node)) return Number(node.text);
  if (!ts.isBinaryExpression(node)) return undefined;
  const left = numberOf(node.left);
  const right = numberOf(node.right);
  if (left === undefined || right === undefined) return undefined;
  switch (node.operatorToken.kind) {
    case ts.SyntaxKind.AsteriskToken:
      return left * right;
    case ts.SyntaxKind.AsteriskAsteriskToken:
      return left ** right;
    case ts.SyntaxKind.MinusToken:
      return left - right;
    default:
      return undefined;
  }
}

/** Numeric `max…` options in a file's `DEFAULT_…` objects, and its `MAX…` constants. */
function limitsIn(path: string): Limit[] {
  const limits: Limit[] = [];
  const note = (name: string, expression: ts.Expression): void => {
    const value = numberOf(expression);
    if (value !== undefined) limits.push({ name, value, path });
  };
  const options = (node: ts.Node): void => {
    if (ts.isPropertyAssignment(node) && /^max(imum)?[A-Z]/.test(node.name.getText()))
      note(node.name.getText(), node.initializer);
    ts.forEachChild(node, options);
  };
  const source = ts.createSourceFile(path, readText(path), ts.ScriptTarget.Latest, true);
  for (const statement of source.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name, initializer } of statement.declarationList.declarations) {
      if (initializer === undefined) continue;
      if (/^MAX(IMUM)?_|^DEFAULT_\w+_(LIMIT|BUDGET_LENGTH)$/.test(name.getText()))
        note(name.getText(), initializer);
      if (name.getText().startsWith("DEFAULT_")) options(initializer);
    }
  }
  return limits;
}

const sources = repositoryFiles().filter((path) => /^packages\/[^/]+\/src\/.*\.ts$/.test(path));
const sections = readText("docs/LIMITS.md").split(/^## /m).slice(1);

describe.each(packagesIn("packages"))("docs/LIMITS.md for $name", ({ name, folder }) => {
  const rows = (sections.find((section) => section.startsWith(`@bt/${name}\n`)) ?? "")
    .split("\n")
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .filter((cells) => cells.length > 3)
    .map((cells) => ({ name: /^`(\w+)`/.exec(cells[1]!)?.[1], value: cells[2]! }));
  const limits = sources.filter((path) => path.startsWith(`${folder}/`)).flatMap(limitsIn);

  it("has every cap with its value", () => {
    const missing = limits.filter(
      (limit) =>
        !rows.some((row) => row.name === limit.name && row.value === limit.value.toLocaleString("en-US")),
    );
    expect(missing).toEqual([]);
  });

  it("has no cap that the code has not", () => {
    const known = new Set(limits.map((limit) => limit.name));
    expect(rows.filter((row) => row.name !== undefined && !known.has(row.name))).toEqual([]);
  });
});
